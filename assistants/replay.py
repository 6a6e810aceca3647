"""A run as people read it in the console: what happened step by step, drawn to scale, and what it rested on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from assistants.llm.prices import as_text
from assistants.models import Message, Run
from assistants.passage_texts import texts_of_passages
from tenants.actors import Actor

NO_BREAK = "\N{NO-BREAK SPACE}"
WIDTH = 1000  # of the drawing, in its own units
_THINNEST = 5
_TITLES = {
    "prepare": ("tune", "Prepared instructions and tools"),
    "search": ("search", "Searched for passages"),
    "model": ("neurology", "Asked the model"),
    "rewrite": ("edit_note", "Rewrote the question"),
    "nested": ("smart_toy", "An assistant used as a tool asked its model"),
    "tool": ("build", "Called a tool"),
    "wait": ("hourglass", "Waited for a person"),
    "store": ("save", "Stored the answer"),
}
_DECIDED = {"approve": "approved", "refuse": "refused", "edit": "approved with other arguments"}


@dataclass(frozen=True)
class Row:
    """One step. ``bars`` are (x, width, class) in units of ``WIDTH``; ``facts`` are short texts."""

    kind: str
    icon: str
    title: str
    start: str
    took: str
    bars: list[tuple[int, int, str]]
    facts: list[str]
    error: str


@dataclass(frozen=True)
class Passage:
    """A passage that the model was given. ``text`` is None where it is another one by now, or not for who looks."""

    facts: Mapping[str, Any]
    text: str | None


def rows_of(receipt: Mapping[str, Any], with_tokens: bool = True) -> list[Row]:
    """The receipt's steps, drawn to the scale of the whole run; what was used only ``with_tokens``."""
    steps = receipt.get("steps", [])
    ends = [step["start_ms"] + (step.get("ms") or 0) for step in steps]
    scale = WIDTH / max([receipt.get("total_ms") or 0, *ends, 0.01])
    return [_row(step, scale, with_tokens) for step in steps]


def passages_of(receipt: Mapping[str, Any], reader: Actor) -> list[Passage]:
    """The passages with their texts, where those are still what the model was given and ``reader`` may read them."""
    passages = receipt.get("passages", [])
    return list(map(Passage, passages, texts_of_passages(passages, reader)))


def tool_calls_of(run: Run) -> list[dict[str, Any]]:
    """The tool calls, their arguments as text, with what a person has decided about them."""
    return [
        {
            **call,
            "arguments": _indented(call.get("arguments")),
            "decision": _in_words(run.decisions.get(call["call_id"])),
        }
        for call in run.receipt.get("tool_calls", [])
    ]


def answers_of(run: Run) -> list[Message]:
    """What people read of the run's answer."""
    return [row for row in run.messages.all() if row.type == "ai" and row.is_readable]


def took(run: Run) -> str:
    """How long the run took, in words; "" while it goes on."""
    if run.finished_at is None:
        return ""
    return in_words((run.finished_at - run.created_at) / timedelta(milliseconds=1))


def in_words(milliseconds: float) -> str:
    """A length of time as people read it, which no line breaks: "0.4 ms", "850 ms", "1.24 s", "3 min 5 s"."""
    seconds = milliseconds / 1000
    minutes, rest = divmod(round(seconds), 60)
    if milliseconds < 999.5:
        words = f"{milliseconds:.1f} ms" if 0 < milliseconds < 0.95 else f"{milliseconds:.0f} ms"
    elif seconds < 59.995:
        words = f"{seconds:.2f} s"
    elif minutes < 60:
        words = f"{minutes} min {rest} s"
    else:
        words = f"{minutes // 60} h {minutes % 60} min"
    return words.replace(" ", NO_BREAK)


def dollars(cost: Decimal | None) -> str:
    """A cost as people read it; "" where it is not known."""
    return "" if cost is None else f"${as_text(cost)}"


def _row(step: Mapping[str, Any], scale: float, with_tokens: bool) -> Row:
    icon, title = _TITLES[_looks_like(step)]
    length = step.get("ms")
    return Row(
        kind=step["kind"],
        icon=icon,
        title=f"Called {step.get('name') or 'a tool'}" if step["kind"] == "tool" else title,
        start=in_words(step["start_ms"]),
        took="" if length is None else in_words(length),
        bars=list(_bars(step, scale)),
        facts=list(_facts(step, with_tokens)),
        error=step.get("error_type") or "",
    )


def _looks_like(step: Mapping[str, Any]) -> str:
    purpose = {"rewrite": "rewrite", "tool": "nested"}.get(step.get("purpose", ""))
    return purpose or (step["kind"] if step["kind"] in _TITLES else "wait")


def _bars(step: Mapping[str, Any], scale: float) -> Iterable[tuple[int, int, str]]:
    """One bar a step; a model's has a paler part, until its first token."""
    x, width = round(step["start_ms"] * scale), round((step.get("ms") or 0) * scale)
    x, width = min(x, WIDTH - _THINNEST), max(width, _THINNEST)
    width = min(width, WIDTH - x)
    kind = "is-bad" if step.get("error_type") else f"is-{step['kind']}"
    silent = min(round((step.get("first_token_ms") or 0) * scale), width)
    if silent:
        yield x, silent, f"{kind} is-silent"
    if width > silent:
        yield x + silent, width - silent, kind


def _facts(step: Mapping[str, Any], with_tokens: bool) -> Iterable[str]:
    if step.get("query"):
        yield f"for “{step['query']}”"
    if step.get("found") is not None:
        yield f"{step['found']} found"
    if step.get("model"):
        yield step["model"]
    if step.get("first_token_ms") is not None:
        yield f"first token after {in_words(step['first_token_ms'])}"
    if with_tokens and (step.get("tokens_in") or step.get("tokens_out")):
        cached = f" ({step['tokens_cached']} cached)" if step.get("tokens_cached") else ""
        yield f"{step.get('tokens_in') or 0} tokens in{cached}, {step.get('tokens_out') or 0} out"
    if step.get("ms") is None and step["kind"] != "store":
        yield "did not come to an end"


def _indented(arguments: Any) -> str:
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, indent=2, ensure_ascii=False)


def _in_words(decision: Any) -> str:
    if not isinstance(decision, Mapping):
        return ""
    kind = decision.get("decision", "")
    said = _DECIDED.get(kind, str(kind))
    return f"{said}: {decision['reason']}" if decision.get("reason") else said
