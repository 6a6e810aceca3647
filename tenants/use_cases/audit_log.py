"""The audit log, read and exported by those who may."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from tenants.actors import Actor
from tenants.audit import Target, record
from tenants.errors import InvalidInput, NotAllowed
from tenants.models import AuditEntry
from tenants.models.audit_entry import SEARCHED_IN_AUDIT
from tenants.policies import may_manage_people
from tenants.words import with_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries. What is empty does not matter; ``search`` is looked for in who, what and about what."""

    actor: str = ""
    action: str = ""
    target_kind: str = ""
    target_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    search: str = ""


def list_entries(actor: Actor, wanted: Wanted) -> QuerySet[AuditEntry]:
    """The tenant's entries, newest first. Raises ``NotAllowed`` and ``InvalidInput``."""
    check_may_read(actor)
    return entries(wanted)


def check_may_read(actor: Actor) -> None:
    """Raises ``NotAllowed``."""
    if not may_manage_people(actor):
        raise NotAllowed("Owners and admins read the audit log.")


def entries(wanted: Wanted) -> QuerySet[AuditEntry]:
    """The entries of the schema in force. Raises ``InvalidInput`` for a moment without a time zone."""
    for name in ("since", "until"):
        moment = getattr(wanted, name)
        if moment is not None and moment.tzinfo is None:
            raise InvalidInput("Say in which time zone: 2030-01-31T12:00:00Z, say.", field=name)
    exact = {name: getattr(wanted, name) for name in ("actor", "action", "target_kind", "target_id")}
    found = AuditEntry.objects.filter(**{name: value.replace("\x00", "") for name, value in exact.items() if value})
    if wanted.since is not None:
        found = found.filter(created_at__gte=wanted.since)
    if wanted.until is not None:
        found = found.filter(created_at__lt=wanted.until)
    return naming(found, wanted.search)


def naming(found: QuerySet[AuditEntry], search: str) -> QuerySet[AuditEntry]:
    """The entries among ``found`` in which all the words begin a word; all of them where nothing is searched."""
    return with_words(found, SEARCHED_IN_AUDIT, search) if search.strip() else found


def record_export(how: str, wanted: Wanted | None = None, query: str = "", *, by: Actor | None = None) -> None:
    """That entries were taken out of here, as what, and which."""
    which: dict[str, object] = asdict(wanted) if wanted else {"query": query}
    with transaction.atomic():
        record("audit_log.exported", Target("audit_log"), after={"format": how} | _plain(which), by=by)


def _plain(which: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in which.items() if value}
