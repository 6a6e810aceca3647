"""Which tables live in which schema: said once, on the model, and read here for migrations.

``lives_in = "public"`` (operators' tables), ``"tenant"`` (the default of our own apps) or ``"both"``. Apps that are
not ours are placed by ``SHARED_APPS`` and ``TENANT_APPS``, as in django-tenants.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import CASCADE
from django_tenants.routers import TenantSyncRouter

from tenants.context import active_schema

PUBLIC_ONLY, TENANT_ONLY, BOTH = "public", "tenant", "both"


class SchemaRouter(TenantSyncRouter):
    """django-tenants' router, with the decision taken per model for our own apps."""

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        """False where the model's table does not belong into the schema in force; None for no opinion."""
        if app_label not in settings.ATRIUM_APPS:
            return super().allow_migrate(db, app_label, model_name, **hints)
        schema_is_public = active_schema().schema_name == settings.PUBLIC_SCHEMA_NAME
        place = hints.get("lives_in") or _place_of(app_label, model_name)
        if place == BOTH or place == (PUBLIC_ONLY if schema_is_public else TENANT_ONLY):
            return None
        return False


def _place_of(app_label: str, model_name: str | None) -> str:
    if model_name is None:
        return TENANT_ONLY
    try:
        model = apps.get_model(app_label, model_name)
    except LookupError:  # a model of an old migration; many-to-many tables are registered under their own name
        return TENANT_ONLY
    if model._meta.auto_created:
        model = model._meta.auto_created
    return getattr(model, "lives_in", TENANT_ONLY)


def cascade_in_public(collector: Any, field: Any, rows: Any, using: str) -> None:
    """``on_delete`` of a key from the operators' tables to one that lives in both places: a tenant's member has no rows
    there, and nothing in a tenant's context may look."""
    if active_schema().is_public and rows:
        CASCADE(collector, field, rows, using)


cascade_in_public.lazy_sub_objs = True  # type: ignore[attr-defined]  # Django then asks for no rows before it calls this
