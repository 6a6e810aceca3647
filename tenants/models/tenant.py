"""Tenants and their hosts: the operators' tables, in the public schema."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin

from tenants.context import TenantRef
from tenants.router import PUBLIC_ONLY


class Tenant(TenantMixin):
    """A customer: one schema, one or more hosts."""

    lives_in = PUBLIC_ONLY
    audited_fields: ClassVar = ("name", "schema_name", "status", "plan")
    auto_create_schema = False  # tenants/provisioning makes the schema and all that belongs into it

    class Status(models.TextChoices):
        """Suspended and archived: refused everywhere, nothing lost. An archived tenant is also left out of lists."""

        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"
        ARCHIVED = "archived", "Archived"

    name = models.CharField(max_length=200)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)
    plan = models.ForeignKey(
        "tenants.Plan",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the default plan.",
    )

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name or self.schema_name

    def as_ref(self, domain_url: str | None = None) -> TenantRef:
        """What running work carries of this row."""
        return TenantRef(
            id=self.pk,
            schema_name=self.schema_name,
            name=self.name,
            suspended=self.status != self.Status.ACTIVE,
            domain_url=domain_url,
        )


class Domain(DomainMixin):
    """A host name at which a tenant answers, once it is verified.

    ``waiting_token`` is what a host that is not verified yet must answer (``tenants/use_cases/hosts.py``); it is empty
    for one that is.
    """

    lives_in = PUBLIC_ONLY
    audit_name = "host"
    audited_fields: ClassVar = ("tenant", "domain", "is_primary", "verified_at")

    waiting_token = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    verified_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar = ["domain"]

    @property
    def is_verified(self) -> bool:
        """True when the tenant answers at this host."""
        return not self.waiting_token
