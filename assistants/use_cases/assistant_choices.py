"""What an administrator has to choose from when it makes or adjusts an assistant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistants.assistants import AIAssistant
from assistants.placeholders import PLACEHOLDERS
from assistants.tenant_tools import SelectableTool, selectable_for, selectable_tools
from assistants.use_cases.assistant_settings import models_on_offer
from assistants.use_cases.configure_assistants import check_may_configure
from rag.access import access_collections
from tenants.actors import Actor


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose: what is stored, and how people know it."""

    key: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class AssistantChoices:
    """Bases, tools, collections and models, each by name. No models: any that the provider has."""

    bases: Sequence[Choice]
    tools: Sequence[Choice]
    collections: Sequence[Choice]
    models: Sequence[str]
    placeholders: Mapping[str, str]


def assistant_choices(actor: Actor, cls: type[AIAssistant] | None = None) -> AssistantChoices:
    """What there is for the current tenant; for an assistant on ``cls``, its own tools too. Raises ``NotAllowed``."""
    check_may_configure(actor)
    bases = sorted(AIAssistant.get_base_registry().items(), key=lambda pair: pair[1].name)
    tools = selectable_for(cls) if cls is not None else selectable_tools()
    collections = access_collections(actor).order_by("name").values_list("pk", "name")
    return AssistantChoices(
        bases=[Choice(key, base.name, base.description) for key, base in bases],
        tools=[Choice(name, name, _described(tool)) for name, tool in tools.items()],
        collections=[Choice(str(pk), name) for pk, name in collections],
        models=models_on_offer(),
        placeholders={
            **{f"{{{name}}}": meaning for name, (meaning, _) in PLACEHOLDERS.items()},
            "{visitor.plan}": "what your server says of an identified visitor under this name, or nothing",
        },
    )


def _described(tool: SelectableTool) -> str:
    first = tool.description.strip().split("\n\n")[0]
    return f"{first} A person is asked before each call." if tool.requires_approval else first
