"""Rules in words, for people who manage them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tenants.rules.actions import (
    ACTIONS,
    EVERYTHING,
    GROUPS,
    MESSAGES,
    READ_COLLECTION,
    RUN,
    SEE,
    THREADS,
    USE_ASSISTANT,
    USE_TOOL,
)
from tenants.rules.decide import NO_LIMITS, Limits

_OF_ASSISTANTS: Mapping[str, str] = {
    EVERYTHING: "do everything with",
    USE_ASSISTANT: "see and run",
    SEE: "see",
    RUN: "run",
}
_OF_CONVERSATIONS: Mapping[str, str] = {
    THREADS: "begin, open, rename and delete their own conversations",
    MESSAGES: "write, change and delete messages",
    "thread.create": "begin conversations",
    "thread.view": "open their own conversations",
    "thread.change": "rename their own conversations",
    "thread.delete": "delete their own conversations",
    "message.create": "write messages",
    "message.change": "change messages",
    "message.delete": "delete messages",
}


@dataclass(frozen=True)
class Names:
    """Names that people know, by id: of assistants and collections. An id without a name stands for itself."""

    assistants: Mapping[str, str] = field(default_factory=dict)
    collections: Mapping[str, str] = field(default_factory=dict)


NO_NAMES = Names()


@dataclass(frozen=True, slots=True)
class Parts:
    """What a rule's sentence is made of; ``whom`` is in words."""

    effect: str
    whom: str
    action: str
    assistant_id: str = ""
    resource: str = ""
    limits: Limits = NO_LIMITS
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def whom_in_words(audience: str, called: str, attribute: str = "", value: str = "") -> str:
    """The audience in words: "role Editor". ``called`` is the name of the one that it needs; a site's id or "".

    ``attribute`` and ``value`` are what identified visitors must have; "" for all of them."""
    match audience:
        case "role" | "group" | "member":
            return f"{audience} {called}"
        case "api_key":
            return f"API key {called}"
        case "visitors" | "identified":
            site = f"site {called}" if called else "all sites"
            having = f" whose {attribute} is {value or 'empty'}" if attribute else ""
            return f"{'identified ' if audience == 'identified' else ''}visitors of {site}{having}"
    return "everyone signed in"


def sentence(rule: Parts, names: Names = NO_NAMES) -> str:
    """The whole rule as a sentence without its full stop: "Role Editor may not run Docs"."""
    return f"{_capital(rule.whom)} {permission_in_words(rule, names)}{window_in_words(rule.starts_at, rule.ends_at)}"


def permission_in_words(rule: Parts, names: Names = NO_NAMES) -> str:
    """What comes after those whom the rule names: "may run Docs, at most 5 runs a minute"."""
    may = "may not" if rule.effect == "deny" else "may"
    return f"{may} {_deed(rule, names)}{limits_in_words(rule.limits)}"


def action_in_words(action: str) -> str:
    """An action, or a group of them, as it stands in the form."""
    return GROUPS.get(action) or ACTIONS.get(action, action)


def limits_in_words(limits: Limits) -> str:
    """ ", at most 5 runs a minute, at most 1,000 tokens a day"; empty without limits."""
    said = ""
    if limits.runs_per_minute is not None:
        said += f", at most {limits.runs_per_minute:,} {_runs(limits.runs_per_minute)} a minute"
    if limits.tokens_per_day is not None:
        said += f", at most {limits.tokens_per_day:,} tokens a day"
    return said


def window_in_words(starts_at: datetime | None, ends_at: datetime | None) -> str:
    """ " from 1 May 2026, 08:00 UTC until ..."; empty for all times."""
    said = f" from {_moment(starts_at)}" if starts_at else ""
    return said + (f" until {_moment(ends_at)}" if ends_at else "")


def _deed(rule: Parts, names: Names) -> str:
    assistant = names.assistants.get(rule.assistant_id, rule.assistant_id)
    if rule.action in _OF_ASSISTANTS:
        return f"{_OF_ASSISTANTS[rule.action]} {assistant or 'all assistants'}"
    with_assistant = f" with {assistant}" if assistant else ""
    if rule.action == USE_TOOL:
        return f"have {assistant or 'assistants'} use {f'the tool {rule.resource}' if rule.resource else 'all tools'}"
    if rule.action == READ_COLLECTION:
        collection = names.collections.get(rule.resource, rule.resource)
        return f"read {f'the collection {collection}' if collection else 'all collections'}{with_assistant}"
    return f"{_OF_CONVERSATIONS.get(rule.action, rule.action)}{with_assistant}"


def _runs(number: int) -> str:
    return "run" if number == 1 else "runs"


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y, %H:%M} {moment.tzname() or ''}".rstrip()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
