"""The tools that a tenant's administrators may give to its assistants: those marked ``tenant_selectable``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.tools import BaseTool

from assistants.assistants import AIAssistant
from assistants.tools import SelectableMethod, method_tools, selectable_methods
from tenants.budgets.plans import in_plan
from tenants.context import current_tenant


@dataclass(frozen=True, slots=True)
class SelectableTool:
    """A tool, and the class that has it."""

    name: str
    description: str
    requires_approval: bool
    owner: type[AIAssistant]

    def of(self, **asked_by: Any) -> BaseTool:
        """The tool, for an assistant that is asked so: ``user``, ``request``, ``view``, ``actor``."""
        return next(tool for tool in method_tools(self.owner(**asked_by)) if tool.name == self.name)


def selectable_tools() -> Mapping[str, SelectableTool]:
    """Name -> tool, by name: those of the assistants that the current tenant's plan has."""
    registry = AIAssistant.get_cls_registry()
    ids = in_plan(registry) if current_tenant() is not None else set(registry)
    found: dict[str, SelectableTool] = {}
    for id in sorted(ids):
        for method in selectable_methods(registry[id]):
            made = SelectableTool(method.name, method.description, method.requires_approval, registry[id])
            found.setdefault(method.name, made)
    return dict(sorted(found.items()))


def selectable_for(cls: type[AIAssistant]) -> Mapping[str, SelectableTool]:
    """The same for one assistant: also those that its own class has, which may have no id."""
    own = {
        method.name: SelectableTool(method.name, method.description, method.requires_approval, cls)
        for method in selectable_methods(cls)
    }
    return dict(sorted({**selectable_tools(), **own}.items()))


def own_selectable(cls: type[AIAssistant]) -> set[str]:
    """The names of the class' own tools that are selectable."""
    return {method.name for method in selectable_methods(cls)}


def ambiguous_tools() -> list[str]:
    """Names that two different selectable tools have: which of them an administrator chooses would be chance."""
    known: dict[str, SelectableMethod] = {}
    every = [*AIAssistant.get_cls_registry().values(), *AIAssistant.get_base_registry().values()]
    methods = [method for cls in every for method in selectable_methods(cls)]
    return sorted({each.name for each in methods if known.setdefault(each.name, each).function is not each.function})
