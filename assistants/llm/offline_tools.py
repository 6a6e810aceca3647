"""Which tools a question plainly names, and with which arguments to call them.

The offline model understands nothing, so it calls a tool only when it is told to: the question holds the
tool's name, or every word of it. A question *about* a tool's subject ("How do I delete a thread?") and a
negation ("don't delete") are no request: a tool may have effects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistants.llm.offline_arguments import fill_arguments
from assistants.llm.offline_parameters import Parameter, Tool
from assistants.llm.offline_phrases import MASK
from assistants.llm.offline_values import QUOTED
from assistants.llm.offline_words import stem, words

_ABOUT = re.compile(
    r"\b(?:how\s+(?:do|does|did|can|could|should|would|may|might|to)|why|(?:can|could|may|should)\s+i|"
    r"is\s+it\s+possible|what\s+(?:does|happens|is\s+the\s+difference)|"
    r"(?:explain|describe)\s+(?:how|what|why))\b",
    re.IGNORECASE,
)
# After these a question is what to look for: "search the documents for how to reset a password".
_LEADS_TO_SUBJECT = r"(?:\b(?:for|about|regarding)|=|[\"'`\u201c])\s*$"
_NEGATION = (
    r"(?:\b(?:do\s+not|don['\u2019]?t|never|without|not\s+to|must\s+not|avoid)\s+"
    r"(?!forget)(?:[\w'\u2019-]+\s+){0,3}?)"
)
_NEGATED = re.compile(rf"{_NEGATION}[`\"']?$", re.IGNORECASE)
_ORDER = r"(?:\b(?:call|run|use|using|invoke|execute)\s+(?:the\s+)?[`\"']?)"


@dataclass(frozen=True)
class Call:
    """A tool call that the question asks for."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What to do about tools.

    Attributes
    ----------
    calls
        In the order in which the question names the tools.
    incomplete
        Named tools with the required parameters that the question does not give.
    rivals
        Tools of which each is named by its words, where it cannot be told which is meant.
    plain
        Whether the question names a tool beyond doubt. A tool of one common word, such as ``search``, may
        be named by chance: better arguments for another answer go first.
    """

    calls: tuple[Call, ...] = ()
    incomplete: tuple[tuple[Tool, tuple[Parameter, ...]], ...] = ()
    rivals: tuple[Tool, ...] = ()
    plain: bool = True


@dataclass(frozen=True)
class ToolChoice:
    """The caller's ``tool_choice``: ``none``, ``auto``, ``required`` (some tool) or ``named`` (this
    tool).
    """

    mode: str = "auto"
    name: str = ""


def read_choice(given: object, tools: Sequence[Tool]) -> ToolChoice:
    """The caller's ``tool_choice``, in any of the forms that LangChain and OpenAI know.

    Raises
    ------
    ValueError
        When it names none of the tools.
    """
    if given is None or given == "auto":
        return ToolChoice("auto")
    if given is False or given == "none":
        return ToolChoice("none")
    if given is True or given in ("any", "required"):
        return ToolChoice("required")
    name = given
    if isinstance(given, Mapping):
        function = given.get("function", given)
        name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(name, str) or name not in {tool.name for tool in tools}:
        known = ", ".join(tool.name for tool in tools) or "none"
        raise ValueError(f"tool_choice {given!r} names none of the tools: {known}.")
    return ToolChoice("named", name)


def plan_calls(question: str, tools: Sequence[Tool], choice: ToolChoice, *, by_position: bool = True) -> Plan:
    """Decide which tools to call for a question.

    Parameters
    ----------
    question
        The last human message.
    tools
        Those bound to the model.
    choice
        With ``required`` and ``named`` the question need not name a tool; its arguments must still be
        there.
    by_position
        See `fill_arguments`.
    """
    if choice.mode == "none":
        return Plan()
    if choice.mode == "named":
        chosen = [tool for tool in tools if tool.name == choice.name]
        return _plan_one(question, chosen[0], by_position) if chosen else Plan()
    plan = _plan_named(question, tools, by_position)
    if choice.mode == "required" and not plan.calls:
        return _plan_any(question, tools, by_position, fallback=plan)
    return plan


def _plan_named(question: str, tools: Sequence[Tool], by_position: bool) -> Plan:
    if _asks_about(question, tools):
        return Plan()
    by_name = _mentions(question, tools)
    if by_name:
        return _plan_mentions(question, by_name, by_position)
    by_words = _named_by_words(question, tools)
    if len(by_words) > 1:
        return Plan(rivals=tuple(by_words))
    return _plan_one(question, by_words[0], by_position) if by_words else Plan()


def _asks_about(question: str, tools: Sequence[Tool]) -> bool:
    """Whether the question asks how or why rather than for something to be done."""
    keys = [re.escape(name) for tool in tools for name in (tool.name, *(each.name for each in tool.parameters))]
    led = re.compile(rf"{_LEADS_TO_SUBJECT}|(?<!\w)(?:{'|'.join(keys)})\s*[:(]\s*$", re.IGNORECASE)
    quoted = [match.span() for match in re.finditer(QUOTED.pattern, question)]
    return any(
        not led.search(question[: asking.start()])
        for asking in _ABOUT.finditer(question)
        if not any(start < asking.start() < end for start, end in quoted)
    )


def _plan_one(question: str, tool: Tool, by_position: bool) -> Plan:
    arguments = fill_arguments(_without_mention(question, tool), tool, by_position=by_position)
    plain = _is_compound(tool) or bool(_mention_of(tool).search(question))
    if arguments.missing:
        return Plan(incomplete=((tool, arguments.missing),), plain=plain)
    return Plan(calls=(Call(tool.name, arguments.values),), plain=plain)


def _plan_any(question: str, tools: Sequence[Tool], by_position: bool, fallback: Plan) -> Plan:
    """Some tool must be called: the first whose arguments are all there."""
    candidates = fallback.rivals or tools
    plans = [_plan_one(question, tool, by_position) for tool in candidates]
    ready = [plan for plan in plans if plan.calls]
    if ready:
        return ready[0]
    return fallback if fallback.incomplete or not plans else plans[0]


def _mentions(question: str, tools: Sequence[Tool]) -> list[tuple[int, Tool]]:
    """Where the question holds a tool's full name, in order; a name of one word only where it is
    ordered.
    """
    found = [
        (mention.start(), tool)
        for tool in tools
        for mention in _mention_of(tool).finditer(question)
        if not _NEGATED.search(question[: mention.start()])
    ]
    return sorted(found, key=lambda each: each[0])


def _plan_mentions(question: str, mentions: Sequence[tuple[int, Tool]], by_position: bool) -> Plan:
    """Call each tool with the arguments that stand between its name and the next one's."""
    starts = [0, *(start for start, _ in mentions[1:]), len(question)]
    plans = [
        _plan_one(question[start:end], tool, by_position)
        for (_, tool), start, end in zip(mentions, starts[:-1], starts[1:], strict=True)
    ]
    calls: list[Call] = []
    for plan in plans:
        calls += [call for call in plan.calls if call not in calls]
    # A tool that is mentioned twice ("get_weather, please: get_weather for Oslo") needs its arguments once.
    settled = {call.name for call in calls}
    incomplete = []
    for plan in plans:
        for tool, missing in plan.incomplete:
            if tool.name not in settled:
                settled.add(tool.name)
                incomplete.append((tool, missing))
    return Plan(tuple(calls), tuple(incomplete))


def _named_by_words(question: str, tools: Sequence[Tool]) -> list[Tool]:
    """Tools of which the question holds every word; of ``search`` and ``search_orders`` only the longer
    name.
    """
    asked = {stem(word) for word in words(question)}
    held = [
        (tool, parts)
        for tool in tools
        if (parts := frozenset(map(stem, tool.words))) and parts <= asked and not _negated_words(question, tool)
    ]
    return [tool for tool, parts in held if not any(parts < other for _, other in held)]


def _is_compound(tool: Tool) -> bool:
    return len(tool.words) > 1


def _mention_of(tool: Tool) -> re.Pattern[str]:
    """The tool's full name. One word is a word of everyday language: it counts in "use x", "x(" and "x
    tool".
    """
    name = _full_name(tool)
    if not _is_compound(tool):
        name = rf"{_ORDER}{name}|{name}\(|{name}[`\"']?\s+(?:tool|function)\b"
    return re.compile(name, re.IGNORECASE)


def _full_name(tool: Tool) -> str:
    return rf"(?<![\w-]){re.escape(tool.name)}(?![\w-])"


def _without_mention(text: str, tool: Tool) -> str:
    """Mask the tool's name, so that no argument is read from it; a name of one word only once."""
    return re.sub(
        _full_name(tool),
        lambda name: MASK * len(name[0]),
        text,
        count=0 if _is_compound(tool) else 1,
        flags=re.IGNORECASE,
    )


def _negated_words(question: str, tool: Tool) -> bool:
    parts = "|".join(map(re.escape, (tool.name, *tool.words)))
    return bool(re.search(rf"{_NEGATION}(?:{parts})(?!\w)", question, re.IGNORECASE))
