"""Where a lower layer's signal meets a higher layer's ear."""

from __future__ import annotations

from typing import Any

from assistants.models import RunLease
from assistants.signals import asking
from assistants.use_cases.explain_access import known_names
from assistants.use_cases.tally import forget_tally, note_migrations
from embed.access import assistant_of_site
from embed.tokens import TOKEN_START
from embed.use_cases.visitors import count_message, visitor_of_token
from tenants.actors import Actor
from tenants.api.auth import accept_bearer
from tenants.names import names_come_from
from tenants.signals import tenant_erased, tenants_migrated
from tenants.visitors import sites_come_from


def connect() -> None:
    """Connect signals. Called once, when all apps are ready."""
    tenant_erased.connect(_forget_leases, dispatch_uid="atrium-forget-leases")
    tenant_erased.connect(_forget_tally, dispatch_uid="atrium-forget-tally")
    tenants_migrated.connect(_note_migrations, dispatch_uid="atrium-note-migrations")
    asking.connect(_count_message, dispatch_uid="atrium-count-message")
    accept_bearer(TOKEN_START, visitor_of_token)
    names_come_from(known_names)
    sites_come_from(assistant_of_site)


def _forget_leases(schema_name: str, **_: Any) -> None:
    """No process is to take up the runs of a tenant that is gone."""
    RunLease.objects.filter(schema_name=schema_name).delete()


def _forget_tally(schema_name: str, **_: Any) -> None:
    """Nor are its figures to be those of a later tenant with its schema's name."""
    forget_tally(schema_name)


def _note_migrations(current: list[str], behind: list[str], **_: Any) -> None:
    """The operators' pages and ``/readyz`` know at once which tenants are behind."""
    note_migrations(current, behind)


def _count_message(actor: Actor, **_: Any) -> None:
    """A site limits the messages of a day."""
    count_message(actor)
