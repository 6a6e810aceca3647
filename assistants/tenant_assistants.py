"""The assistants of the current tenant: those that developers wrote, as its administrators adjusted them, and its own.

Whatever has an assistant's id asks here: permissions, runs, lists, names on pages. The registry
(``AIAssistant.get_cls``) knows only what developers wrote. The tenant's rows are kept in the process for as long as it
hears of changes (``tenants/kept_by_tenant.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models.signals import post_delete, post_save

from assistants.assistants import AIAssistant
from assistants.configured import Configuration, configured_class
from assistants.exceptions import AIAssistantNotDefinedError
from assistants.models import ConfiguredAssistant
from tenants.context import current_tenant
from tenants.kept_by_tenant import KeptByTenant

CHANNEL = "atrium_assistants"

Assistant = type[AIAssistant]


class TenantAssistants:
    """The registry's assistants and what one tenant has chosen. Threads may share it."""

    def __init__(self, chosen: Iterable[Configuration] = ()) -> None:
        self.chosen: Mapping[str, Configuration] = {each.id: each for each in chosen}
        self._made: dict[str, tuple[Assistant, Assistant]] = {}  # id -> the class it stands on, the class made

    def get(self, assistant_id: str) -> Assistant:
        """The assistant, if it is there and enabled. Raises ``AIAssistantNotDefinedError``."""
        found = self.find(assistant_id)
        if found is None or self.is_disabled(assistant_id):
            raise AIAssistantNotDefinedError(f"There is no assistant with the id {assistant_id!r}.")
        return found

    def find(self, assistant_id: str) -> Assistant | None:
        """The assistant, a disabled one too. None where there is none, or its class is not installed any more."""
        chosen = self.chosen.get(assistant_id)
        if chosen is None:
            return AIAssistant.get_cls_registry().get(assistant_id)
        base = base_of(chosen)
        if base is None:
            return None
        made = self._made.get(assistant_id)
        if made is None or made[0] is not base:
            made = self._made[assistant_id] = (base, configured_class(base, chosen))
        return made[1]

    def is_disabled(self, assistant_id: str) -> bool:
        """True where administrators have switched it off."""
        chosen = self.chosen.get(assistant_id)
        return chosen is not None and not chosen.enabled

    def enabled(self) -> dict[str, Assistant]:
        """Id -> assistant: those that can be used."""
        return {id: cls for id, cls in self.all().items() if not self.is_disabled(id)}

    def all(self) -> dict[str, Assistant]:
        """Id -> assistant: the disabled ones, too."""
        ids = [*AIAssistant.get_cls_registry(), *(id for id in self.chosen if id not in AIAssistant.get_cls_registry())]
        found = ((id, self.find(id)) for id in ids)
        return {id: cls for id, cls in found if cls is not None}


def base_of(chosen: Configuration) -> Assistant | None:
    """The class that is adjusted, or that an own assistant stands on; None where it is not installed (any more)."""
    if chosen.base:
        return AIAssistant.get_base_registry().get(chosen.base)
    return AIAssistant.get_cls_registry().get(chosen.id)


def _read() -> TenantAssistants:
    return TenantAssistants(configuration_in(row) for row in ConfiguredAssistant.objects.all())


def configuration_in(row: ConfiguredAssistant) -> Configuration:
    """What a row says."""
    return Configuration(
        id=row.id,
        base=row.base,
        enabled=row.enabled,
        name=row.name,
        description=row.description,
        instructions=row.instructions,
        model=row.model,
        temperature=row.temperature,
        tools=None if row.tools is None else tuple(row.tools),
        knowledge=row.knowledge,
        collections=tuple(row.collections),
        starter_questions=tuple(row.starter_questions),
        grounded=row.grounded,
        unsupported_answer=row.unsupported_answer,
    )


assistant_book: KeptByTenant[TenantAssistants] = KeptByTenant(_read)
_OF_NOBODY = TenantAssistants()


def assistants_here() -> TenantAssistants:
    """The current tenant's assistants. A query, unless they are kept. Outside of any tenant: the developers'."""
    return _OF_NOBODY if current_tenant() is None else assistant_book.now()


async def aassistants_here() -> TenantAssistants:
    """``assistants_here`` from the event loop."""
    return _OF_NOBODY if current_tenant() is None else await assistant_book.anow()


def assistant_here(assistant_id: str) -> Assistant:
    """The assistant for whoever works in the current tenant. Raises ``AIAssistantNotDefinedError``, also where
    administrators have disabled it."""
    return assistants_here().get(assistant_id)


def names_here() -> dict[str, str]:
    """Id -> name, by name: of all assistants of the current tenant, the disabled ones too."""
    return dict(sorted(((id, cls.name) for id, cls in assistants_here().all().items()), key=lambda pair: pair[1]))


def connect_signals() -> None:
    """Read a tenant's assistants again when this process has changed them."""
    for signal in (post_save, post_delete):
        named = f"atrium-assistants-{id(signal)}"
        signal.connect(assistant_book.changed_here, sender=ConfiguredAssistant, dispatch_uid=named)
