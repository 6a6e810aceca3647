"""What administrators may choose for an assistant: checked, and turned into what a row holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from assistants.assistants import AIAssistant
from assistants.configured import CHOSEN
from assistants.models import ConfiguredAssistant
from assistants.tenant_tools import own_selectable, selectable_for
from assistants.tools import tool_names
from rag.access import access_collections, collections_kept_from
from tenants.actors import Actor
from tenants.budgets.in_force import terms
from tenants.errors import InvalidInput
from tenants.text import check_text

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 500
LONGEST_INSTRUCTIONS = 20_000
LONGEST_MODEL = 255
LONGEST_UNSUPPORTED = 500
MOST_STARTERS, LONGEST_STARTER = 6, 200
HOTTEST = 2.0
MOST_COLLECTIONS = 100

SETTINGS = (
    *("name", "description", "instructions", "model", "temperature", "tools"),
    *("knowledge", "collections", "starter_questions", "grounded", "unsupported_answer"),
)
"""What can be chosen, by the names of the row's columns."""


def checked_settings(
    actor: Actor, base: type[AIAssistant], given: Mapping[str, Any], chosen_before: Iterable[str] = ()
) -> dict[str, Any]:
    """The columns of a row for what is given, of ``SETTINGS``. None stands for the developer's value.

    ``chosen_before`` are the row's collections: those that a rule keeps from the actor, who can name them neither to
    keep nor to drop them, stay chosen.

    Raises ``InvalidInput`` or ``TooLarge``, which name the field.
    """
    checks: dict[str, Callable[[Any], Any]] = {
        "name": lambda value: _line(value, "name", LONGEST_NAME),
        "description": lambda value: _line(value, "description", LONGEST_DESCRIPTION),
        "instructions": lambda value: check_text(value, field="instructions", longest=LONGEST_INSTRUCTIONS).strip(),
        "model": _model,
        "temperature": _temperature,
        "tools": lambda value: _tools(base, value),
        "knowledge": _knowledge,
        "collections": lambda value: _collections(actor, value, chosen_before),
        "starter_questions": _starters,
        "grounded": lambda value: _grounded(base, value),
        "unsupported_answer": lambda value: _line(value, "unsupported_answer", LONGEST_UNSUPPORTED),
    }
    empty: dict[str, Any] = {
        **dict.fromkeys(("temperature", "tools", "grounded")),
        "collections": [],
        "starter_questions": [],
    }
    return {
        name: empty.get(name, "") if given[name] is None else check(given[name])
        for name, check in checks.items()
        if name in given
    }


def check_whole(row: ConfiguredAssistant) -> None:
    """Refuse settings that do not go together. Raises ``InvalidInput``."""
    if row.base and not row.name:
        raise InvalidInput("Give the assistant a name.", field="name")
    if row.knowledge == CHOSEN and not row.collections:
        raise InvalidInput("Choose at least one collection, or another knowledge.", field="collections")
    if row.knowledge != CHOSEN:
        row.collections = []


def models_on_offer() -> list[str]:
    """The models of the plan, by name; none where the plan does not say which."""
    return sorted(terms().plan.models)


def _line(value: str, field: str, longest: int) -> str:
    """One line: names and descriptions stand in lists."""
    return " ".join(check_text(value, field=field, longest=longest).split())


def _model(value: str) -> str:
    name = check_text(value, field="model", longest=LONGEST_MODEL).strip()
    allowed = terms().plan.models
    if name and allowed and name not in allowed:
        raise InvalidInput(f"Your plan has these models: {', '.join(sorted(allowed))}.", field="model")
    return name


def _temperature(value: float) -> float:
    if not math.isfinite(value) or not 0 <= value <= HOTTEST:
        raise InvalidInput("The temperature is a number from 0 to 2.", field="temperature")
    return value


def _grounded(base: type[AIAssistant], value: bool) -> bool:
    if value and base.structured_output is not None:
        raise InvalidInput("It answers with data, which cannot cite documents.", field="grounded")
    return value


def _tools(base: type[AIAssistant], names: Sequence[str]) -> list[str]:
    known, own = selectable_for(base), set(tool_names(base)) - own_selectable(base)
    for name in names:
        if name not in known:
            raise InvalidInput(f"There is no tool {name} that you can choose.", field="tools")
        if name in own:
            raise InvalidInput(f"The assistant has another tool that is called {name}, too.", field="tools")
    return sorted(set(names))


def _knowledge(value: str) -> str:
    if value and value not in ConfiguredAssistant.Knowledge.values:
        known = ", ".join(ConfiguredAssistant.Knowledge.values)
        raise InvalidInput(f"Knowledge is one of {known}, or empty.", field="knowledge")
    return value


def _collections(actor: Actor, given: Iterable[Any], chosen_before: Iterable[str]) -> list[str]:
    unseen = collections_kept_from(actor, chosen_before)
    ids = [each for each in dict.fromkeys(map(str, given)) if each not in unseen]
    if len(ids) > MOST_COLLECTIONS:
        raise InvalidInput(f"Choose at most {MOST_COLLECTIONS} collections.", field="collections")
    wanted = [key for each in ids if (key := _as_key(each)) is not None]
    found = {str(pk) for pk in access_collections(actor).filter(pk__in=wanted).values_list("pk", flat=True)}
    if len(wanted) != len(ids) or {str(key) for key in wanted} != found:
        raise InvalidInput("There is no such collection.", field="collections")
    return sorted(found | unseen)


def _as_key(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _starters(given: Sequence[str]) -> list[str]:
    lines = [_line(each, "starter_questions", LONGEST_STARTER) for each in given]
    kept = list(dict.fromkeys(line for line in lines if line))
    if len(kept) > MOST_STARTERS:
        raise InvalidInput(
            f"An assistant has at most {MOST_STARTERS} questions to begin with.", field="starter_questions"
        )
    return kept
