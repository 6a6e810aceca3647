"""The consoles' first pages: what was used, what went wrong, what is left, each with the way to it."""

from atrium.dashboards.operator import operator_dashboard
from atrium.dashboards.tenant import tenant_dashboard

__all__ = ["operator_dashboard", "tenant_dashboard"]
