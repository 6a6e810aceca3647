"""An assistant as a tenant's administrators want it: a class made of a developer's class and what they have chosen.

It is a class like any other, so all that works with an assistant works with it. Only the registry does not know it: the
tenant's own (``assistants/tenant_assistants.py``) does. What administrators left empty is the developer's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from types import new_class
from typing import TYPE_CHECKING, Any
from uuid import UUID

from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool

from assistants.assistants import AIAssistant
from assistants.placeholders import filled, holds_placeholders
from assistants.tenant_tools import own_selectable, selectable_tools
from assistants.tools import share_tools, tool_names
from tenants.actors import acting_actor

if TYPE_CHECKING:
    from assistants.tenant_tools import SelectableTool

ALL, CHOSEN, NONE = "all", "chosen", "none"
_TEXTS = ("name", "description", "model", "instructions", "starter_questions", "unsupported_answer")
DIGITS = 8  # of the hash of what was chosen


@dataclass(frozen=True, slots=True)
class Configuration:
    """What administrators have chosen for one assistant. Empty, or None: as the developer has it.

    ``base`` is the name of the class (``tenant_base``) that an own assistant stands on; "" for one that adjusts a
    developer's. ``knowledge`` is "" (the developer's), ``all``, ``chosen`` (those in ``collections``, by id) or
    ``none``. ``tools`` are the selectable tools that it has; those that are not selectable stay as they are.
    """

    id: str
    base: str = ""
    enabled: bool = True
    name: str = ""
    description: str = ""
    instructions: str = ""
    model: str = ""
    temperature: float | None = None
    tools: tuple[str, ...] | None = None
    knowledge: str = ""
    collections: tuple[str, ...] = ()
    starter_questions: tuple[str, ...] = ()
    grounded: bool | None = None
    unsupported_answer: str = ""

    @property
    def digest(self) -> str:
        """Another one for each other choice: part of the assistant's version."""
        chosen = asdict(self) | {"enabled": True}
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:DIGITS]


def configured_class(base: type[AIAssistant], chosen: Configuration) -> type[AIAssistant]:
    """``base`` with what was chosen. Not registered."""
    attributes: dict[str, Any] = {
        "__module__": base.__module__,
        "__doc__": base.__doc__,
        "id": chosen.id,
        "configuration": chosen,
        **{name: value for name in _TEXTS if (value := getattr(chosen, name))},
        **_methods(base, chosen),
    }
    if chosen.temperature is not None:
        attributes["temperature"] = chosen.temperature
    if chosen.grounded is not None:
        attributes["grounded"] = chosen.grounded and base.structured_output is None
    if chosen.knowledge:
        attributes["has_rag"] = chosen.knowledge != NONE
    made: type[AIAssistant] = new_class(base.__name__, (base,), exec_body=lambda body: body.update(attributes))
    share_tools(made, base)
    return made


def _methods(base: type[AIAssistant], chosen: Configuration) -> dict[str, Callable[..., Any]]:
    """The methods that must answer otherwise. No more than needed: those that differ are called on a thread."""
    methods: dict[str, Callable[..., Any]] = {}
    if chosen.instructions and (_overrides(base, "get_instructions") or holds_placeholders(chosen.instructions)):
        methods["get_instructions"] = _get_instructions
    if chosen.model and _overrides(base, "get_model"):
        methods["get_model"] = lambda self: chosen.model
    if chosen.temperature is not None and _overrides(base, "get_temperature"):
        methods["get_temperature"] = lambda self: chosen.temperature
    if chosen.unsupported_answer and _overrides(base, "get_unsupported_answer"):
        methods["get_unsupported_answer"] = lambda self: chosen.unsupported_answer
    if chosen.knowledge == CHOSEN:
        methods["get_retriever"] = _get_retriever_of_chosen
    elif chosen.knowledge == ALL and _overrides(base, "get_retriever"):
        methods["get_retriever"] = AIAssistant.get_retriever
    if chosen.tools is not None:
        methods["get_tools"] = lambda self: _tools(self, base.get_tools(self))
    return methods


def _overrides(cls: type[AIAssistant], method: str) -> bool:
    return getattr(cls, method) is not getattr(AIAssistant, method)


def configuration_of(assistant: AIAssistant | type[AIAssistant]) -> Configuration:
    """What was chosen for an assistant that was made so."""
    assert assistant.configuration is not None
    return assistant.configuration


def assistant_tools(cls: type[AIAssistant]) -> list[str]:
    """The names of its tool methods and of those that it was lent; not of those that a ``get_tools`` adds."""
    own = tool_names(cls)
    if cls.configuration is None or cls.configuration.tools is None:
        return own
    chosen, selectable = set(cls.configuration.tools), own_selectable(cls)
    kept = [name for name in own if name not in selectable or name in chosen]
    return [*kept, *sorted(chosen - set(kept))]


def developers_class(cls: type[AIAssistant]) -> type[AIAssistant]:
    """The class that a developer wrote: ``cls`` itself, or the one that it was made of."""
    return cls.__mro__[1] if cls.__dict__.get("configuration") is not None else cls


def _get_instructions(self: AIAssistant) -> str:
    return filled(configuration_of(self).instructions, self._user, self._actor or acting_actor())


def _get_retriever_of_chosen(self: AIAssistant) -> BaseRetriever:
    """Over those of the chosen collections that are still there and that the one who asks may read."""
    from rag.access import access_collections
    from rag.retriever import TenantRetriever

    ids, actor = [UUID(each) for each in configuration_of(self).collections], self.get_actor()
    readable = access_collections(actor, self.id).filter(pk__in=ids).values_list("pk", flat=True)
    return TenantRetriever(actor=actor, assistant_id=self.id, collection_ids=list(readable))


def _tools(self: AIAssistant, own: Sequence[BaseTool]) -> list[BaseTool]:
    """The class' own tools without the selectable ones that were not chosen, and the chosen ones of other classes."""
    chosen = set(configuration_of(self).tools or ())
    selectable = own_selectable(type(self))
    kept = [tool for tool in own if tool.name not in selectable or tool.name in chosen]
    names = {tool.name for tool in kept}
    known = selectable_tools()
    wanted = (known[name] for name in sorted(chosen - names) if name in known)
    return [*kept, *(_lent(self, each) for each in wanted)]


def _lent(self: AIAssistant, tool: SelectableTool) -> BaseTool:
    """A tool of another assistant, which works for the one who asks this one."""
    return tool.of(user=self._user, request=self._request, view=self._view, actor=self._actor)
