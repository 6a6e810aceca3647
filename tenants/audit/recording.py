"""Writing the audit log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Model

from tenants.actors import Actor
from tenants.audit.origin import Who, current_origin, who_acts
from tenants.audit.snapshot import differences, plain
from tenants.context import active_schema
from tenants.models import AuditEntry, User


@dataclass(frozen=True, slots=True)
class Target:
    """What an act is about: its kind (``member``, ``access_rule``), its id and its name."""

    kind: str
    id: str = ""
    label: str = ""


def record(
    action: str,
    target: Model | Target,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    by: Actor | User | Who | None = None,
    address: str = "",
    alone: bool = False,
) -> None:
    """Write one entry, in the running transaction. ``action`` is ``kind.what was done``: ``member.changed``.

    ``before`` and ``after`` are snapshots (``snapshot``); of two, what differs is kept. Who acts and from where is told
    by the request, unless ``by`` says otherwise; ``address`` is for where there is none. ``alone``: the act changes
    nothing that could be rolled back, such as a sign-in that fails. Raises ``RuntimeError`` for any other act outside
    of a transaction.
    """
    if not alone and not connection.in_atomic_block:
        raise RuntimeError(f"{action}: an act and its audit entry are one transaction; there is none.")
    if before and after:
        before, after = differences(before, after)
    origin, about = current_origin(), target if isinstance(target, Target) else target_of(target)
    who = who_acts(by, origin)
    AuditEntry.objects.create(
        actor_kind=who.kind,
        actor_id=who.id,
        actor=plain(who.label)[:255],
        via=origin.via,
        address=origin.address or address[:45],
        request_id=origin.request_id,
        action=action,
        target_kind=about.kind,
        target_id=about.id,
        target=plain(about.label)[:255],
        before=before or {},
        after=after or {},
    )


def target_of(row: Model) -> Target:
    """A row as the target of an act."""
    return Target(kind_of(type(row)), str(row.pk or ""), str(row))


def kind_of(model: type[Model]) -> str:
    """What the log calls rows of the model: its class's name in small letters, or the model's ``audit_name``."""
    if issubclass(model, User):
        return "operator" if active_schema().is_public else "member"
    named: str | None = getattr(model, "audit_name", None)
    return named or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", model.__name__).lower()
