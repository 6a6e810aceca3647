"""The two consoles: one for operators on the public host, one for a tenant's administrators on its own."""

from __future__ import annotations

from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite


class OperatorSite(UnfoldAdminSite):
    """Operators: tenants and hosts. Staff of the public schema."""

    settings_name = "UNFOLD_OPERATOR"


class TenantSite(UnfoldAdminSite):
    """A tenant's administrators and editors: staff of the tenant's schema."""

    settings_name = "UNFOLD_TENANT"

    def has_permission(self, request: HttpRequest) -> bool:
        """Active staff; which pages they see follows from their role."""
        return request.user.is_active and request.user.is_staff


operator_site = OperatorSite(name="operator")
tenant_site = TenantSite(name="console")
