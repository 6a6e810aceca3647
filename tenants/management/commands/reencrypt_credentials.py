"""Encrypt all tenants' provider keys under the first of ``ATRIUM_ENCRYPTION_KEYS``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants.context import public_context, tenant_context
from tenants.credentials.cipher import check_is_set_up
from tenants.credentials.errors import EncryptionNotSetUp
from tenants.models import Tenant
from tenants.use_cases.reencrypt_credentials import reencrypt_credentials


class Command(BaseCommand):
    """``manage.py reencrypt_credentials``. When it has ended without a complaint, older keys can be taken away."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it for each tenant. Raises ``CommandError`` with the credentials whose key none of the keys can read."""
        try:
            check_is_set_up()
        except EncryptionNotSetUp as error:
            raise CommandError("Set ATRIUM_ENCRYPTION_KEYS: there is nothing to encrypt with.") from error
        with public_context():
            tenants = [tenant.as_ref() for tenant in Tenant.objects.exclude(schema_name="public").order_by("pk")]
        done, unreadable = 0, []
        for tenant in tenants:
            with tenant_context(tenant):
                outcome = reencrypt_credentials()
            done += outcome.done
            unreadable += [f"{tenant.schema_name}: {name}" for name in outcome.unreadable]
        self.stdout.write(f"{done} keys of {len(tenants)} tenants are encrypted under the first key.")
        if unreadable:
            raise CommandError(
                "None of the keys in ATRIUM_ENCRYPTION_KEYS reads these. Add the one that made them, or have them "
                "entered again:\n" + "\n".join(unreadable)
            )
