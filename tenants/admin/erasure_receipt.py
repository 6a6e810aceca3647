"""Receipts of deleted tenants on the operators' console: read, never written."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from tenants.admin.base import UseCaseAdmin, moment_column
from tenants.models import ErasureReceipt
from tenants.use_cases.receipts import is_intact


class ErasureReceiptAdmin(UseCaseAdmin):
    """What was deleted, when and by whom."""

    list_display = ("tenant_name", "schema_name", "erased", "erased_by", "rows")
    search_fields = ("tenant_name", "schema_name", "erased_by")
    erased = moment_column("erased_at", "Deleted")
    opened = moment_column("opened_at", "Opened")
    fieldsets = (
        (None, {"fields": (("tenant_name", "schema_name"), "given_hosts", ("opened", "erased", "erased_by"))}),
        ("What was there", {"fields": (("rows", "jobs"), "contents", "digest", "intact")}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Deleting a tenant writes a receipt."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A receipt stays as it was written."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A receipt stays."""
        return False

    @display(description="Hosts")
    def given_hosts(self, receipt: ErasureReceipt) -> str:
        """At which it answered."""
        return ", ".join(receipt.hosts)

    @display(description="Rows and checksum of each table")
    def contents(self, receipt: ErasureReceipt) -> SafeString:
        """As JSON, a table a line."""
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(held)}" for name, held in receipt.tables.items())
        return format_html("<pre>{}</pre>", lines)

    @display(description="Intact", boolean=True)
    def intact(self, receipt: ErasureReceipt) -> bool:
        """Whether the digest is the receipt's."""
        return is_intact(receipt)
