"""Receipts of deleted tenants: written once, and checked against their own digest."""

from __future__ import annotations

import hashlib
import json

from django.utils import timezone

from tenants.models import ErasureReceipt, Tenant
from tenants.provisioning.erase import Contents

_SIGNED = ("tenant_name", "schema_name", "hosts", "opened_at", "erased_at", "erased_by", "tables", "rows", "jobs")


def write_receipt(tenant: Tenant, hosts: list[str], tables: dict[str, Contents], jobs: int, by: str) -> ErasureReceipt:
    """The receipt for a tenant whose tables held ``tables``; stored."""
    receipt = ErasureReceipt(
        tenant_name=tenant.name,
        schema_name=tenant.schema_name,
        hosts=hosts,
        opened_at=tenant.created_at,
        erased_at=timezone.now(),
        erased_by=by,
        tables=tables,
        rows=sum(table["rows"] for table in tables.values()),
        jobs=jobs,
    )
    receipt.digest = digest_of(receipt)
    receipt.save(force_insert=True)
    return receipt


def digest_of(receipt: ErasureReceipt) -> str:
    """SHA-256 in hex of what the receipt says, as JSON with sorted names and moments in ISO 8601."""
    said = {name: getattr(receipt, name) for name in _SIGNED}
    text = json.dumps(said, sort_keys=True, default=lambda moment: moment.isoformat(), separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def is_intact(receipt: ErasureReceipt) -> bool:
    """True when nobody has changed the receipt since it was written."""
    return receipt.digest == digest_of(receipt)
