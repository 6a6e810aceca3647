"""Administrators list, adjust, make and delete the assistants of their tenant: check, do, record."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from assistants.assistants import AIAssistant
from assistants.configured import Configuration, assistant_tools
from assistants.exceptions import AIAssistantNotDefinedError
from assistants.models import ConfiguredAssistant
from assistants.tenant_assistants import TenantAssistants, base_of, configuration_in
from assistants.use_cases.assistant_settings import check_whole, checked_settings
from assistants.versions import version_of
from tenants.actors import Actor
from tenants.audit import delete_recorded, record, recorded, snapshot
from tenants.budgets.plans import in_plan, one_at_a_time
from tenants.errors import Conflict, InvalidInput, NotAllowed
from tenants.own_assistants import OWN_PREFIX
from tenants.policies import may_manage_people

MOST_OWN = 200  # assistants of a tenant's own: every process keeps them
_LONGEST_SLUG = 60
ASSISTANTS = "assistants"  # what one_at_a_time knows them by


class TooManyAssistants(Conflict):
    """Your organisation has as many assistants of its own as fit. Delete one that is not used."""

    code = "too_many_assistants"


@dataclass(frozen=True, slots=True)
class ListedAssistant:
    """An assistant as administrators see it: as it is now, and what they have chosen.

    ``cls`` is None where the class that a row stands on is not installed any more. ``in_plan``: the operator's plan has
    it.
    """

    id: str
    cls: type[AIAssistant] | None
    chosen: Configuration | None
    in_plan: bool
    changed_by: str = ""
    changed_at: datetime | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.cls.name if self.cls else (self.chosen.name if self.chosen else "") or self.id

    @property
    def enabled(self) -> bool:
        """True unless it was switched off."""
        return self.chosen is None or self.chosen.enabled

    @property
    def is_own(self) -> bool:
        """True for one that the tenant has made."""
        return self.chosen is not None and bool(self.chosen.base)

    @property
    def version(self) -> str:
        """What receipts of its answers call it."""
        return version_of(self.cls) if self.cls else ""

    @property
    def tools(self) -> list[str]:
        """The names of its tools."""
        return assistant_tools(self.cls) if self.cls else []


def check_may_configure(actor: Actor) -> None:
    """Raises ``NotAllowed``."""
    if not may_manage_people(actor):
        raise NotAllowed("Owners and admins manage assistants.")


def list_configurable(actor: Actor) -> list[ListedAssistant]:
    """All assistants of the tenant by name: disabled ones, and such as the plan does not have, too.

    Raises ``NotAllowed``.
    """
    check_may_configure(actor)
    rows = {row.pk: row for row in ConfiguredAssistant.objects.select_related("changed_by")}
    here = TenantAssistants(configuration_in(row) for row in rows.values())
    registry = AIAssistant.get_cls_registry()
    ids = [*registry, *(id for id in rows if id not in registry)]
    planned = in_plan(ids)
    listed = [_listed(id, here, rows.get(id), id in planned) for id in ids]
    return sorted(listed, key=lambda each: (each.name.lower(), each.id))


def get_configurable(actor: Actor, assistant_id: str) -> ListedAssistant:
    """One of them. Raises ``NotAllowed`` or ``AIAssistantNotDefinedError``."""
    check_may_configure(actor)
    row = ConfiguredAssistant.objects.select_related("changed_by").filter(pk=assistant_id).first()
    if row is None and assistant_id not in AIAssistant.get_cls_registry():
        raise AIAssistantNotDefinedError
    here = TenantAssistants([configuration_in(row)] if row else ())
    return _listed(assistant_id, here, row, bool(in_plan([assistant_id])))


def create_assistant(actor: Actor, base: str, settings: Mapping[str, Any], enabled: bool = True) -> ConfiguredAssistant:
    """A new assistant on the class that developers call ``base``. Its id is made from its name, and stays.

    Raises ``NotAllowed``, ``InvalidInput``, ``TooLarge`` or ``TooManyAssistants``.
    """
    check_may_configure(actor)
    cls = AIAssistant.get_base_registry().get(base)
    if cls is None:
        raise InvalidInput("There is no such kind of assistant.", field="base")
    row = ConfiguredAssistant(base=base, enabled=enabled, changed_by_id=actor.user_id)
    _set(row, checked_settings(actor, cls, settings))
    with transaction.atomic():
        one_at_a_time(ASSISTANTS)
        taken = set(ConfiguredAssistant.objects.exclude(base="").values_list("pk", flat=True))
        if len(taken) >= MOST_OWN:
            raise TooManyAssistants
        row.pk = _free_id(row.name, taken)
        row.save(force_insert=True)
        record("assistant.added", row, after=snapshot(row), by=actor)
    return row


def adjust_assistant(actor: Actor, assistant_id: str, changes: Mapping[str, Any]) -> ConfiguredAssistant:
    """Change what ``changes`` names (of ``SETTINGS``, and ``enabled``) and nothing else. None: as the developer has it.

    Raises ``NotAllowed``, ``AIAssistantNotDefinedError``, ``InvalidInput`` or ``TooLarge``.
    """
    check_may_configure(actor)
    with transaction.atomic():
        one_at_a_time(ASSISTANTS)
        row = _row(assistant_id)
        cls = base_of(configuration_in(row))
        if cls is None:
            raise Conflict("The class that this assistant stands on is not installed any more. You can delete it.")
        with recorded(row, "assistant.changed", by=actor):
            _set(row, checked_settings(actor, cls, changes, row.collections))
            row.enabled = bool(changes.get("enabled", row.enabled))
            row.changed_by_id = actor.user_id
            row.save()
    return row


def delete_assistant(actor: Actor, assistant_id: str) -> None:
    """Delete an own assistant; let one of developers' be as they have it again. Conversations stay.

    Raises ``NotAllowed`` or ``AIAssistantNotDefinedError``.
    """
    check_may_configure(actor)
    with transaction.atomic():
        one_at_a_time(ASSISTANTS)
        row = ConfiguredAssistant.objects.filter(pk=assistant_id).first()
        if row is not None:
            delete_recorded(row, by=actor)
        elif assistant_id not in AIAssistant.get_cls_registry():
            raise AIAssistantNotDefinedError


def draft_of(actor: Actor, assistant_id: str, changes: Mapping[str, Any]) -> Configuration:
    """The assistant as it would be with the changes, which are not stored. Raises what ``adjust_assistant`` raises."""
    check_may_configure(actor)
    row = _row(assistant_id)
    cls = base_of(configuration_in(row))
    if cls is None:
        raise AIAssistantNotDefinedError
    _set(row, checked_settings(actor, cls, changes, row.collections))
    return configuration_in(row)


def unadjusted(assistant_id: str) -> ConfiguredAssistant | None:
    """A row, not stored, for an assistant of developers' that nobody has adjusted; None where there is no such one."""
    return ConfiguredAssistant(pk=assistant_id) if assistant_id in AIAssistant.get_cls_registry() else None


def _row(assistant_id: str) -> ConfiguredAssistant:
    row = ConfiguredAssistant.objects.filter(pk=assistant_id).first() or unadjusted(assistant_id)
    if row is None:
        raise AIAssistantNotDefinedError
    return row


def _set(row: ConfiguredAssistant, columns: Mapping[str, Any]) -> None:
    for name, value in columns.items():
        setattr(row, name, value)
    check_whole(row)


def _listed(id: str, here: TenantAssistants, row: ConfiguredAssistant | None, in_plan: bool) -> ListedAssistant:
    return ListedAssistant(
        id=id,
        cls=here.find(id),
        chosen=here.chosen.get(id),
        in_plan=in_plan,
        changed_by=row.changed_by.display_name if row and row.changed_by else "",
        changed_at=row.changed_at if row else None,
    )


def _free_id(name: str, taken: set[str]) -> str:
    """``own-`` and the name in small letters, with a number behind where that is taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].strip("-") or "assistant"
    wanted = [OWN_PREFIX + slug, *(f"{OWN_PREFIX}{slug}-{number}" for number in range(2, len(taken) + 3))]
    return next(id for id in wanted if id not in taken)
