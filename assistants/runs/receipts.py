"""An answer's receipt: what it rests on, as JSON that is kept with its run.

A receipt may be made in parts, as a run may wait for a person's approval and go on in another process: ``merged`` puts
them together. The first part is made when the run begins, so a run whose process died has one, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from assistants.assistants import AIAssistant
from assistants.llm.prices import CURRENCY, as_text, rounded
from assistants.messages import storable
from assistants.models import Run, RunEvent
from assistants.runs.timeline import Step, Timeline
from assistants.runs.token_use import TokenUse
from assistants.versions import version_of
from tenants.rules.decide import Rule

Json = dict[str, Any]
Receipt = Json


def beginning(assistant: AIAssistant, rule: Rule | None) -> Receipt:
    """What is known before the run begins: who answers, and the access rule by which."""
    return {
        "assistant": {"id": assistant.id, "version": version_of(assistant)},
        "rule": {"id": rule.id, "effect": rule.effect, "text": _in_words(rule, assistant)} if rule else None,
    }


def _in_words(rule: Rule, assistant: AIAssistant) -> str:
    """The rule's sentence, as people say it: with the assistant's name, where it is about this one alone."""
    if not rule.assistant_id:
        return str(rule)
    called = rf"\b(run|with) {re.escape(rule.assistant_id)}(?=$|,| from | until )"
    return re.sub(called, lambda found: f"{found[1]} {assistant.name}", str(rule))


def receipt_of(timeline: Timeline, use: TokenUse) -> Receipt:
    """What one execution of the graph has brought."""
    timeline.close()
    timeline.begin("store")  # without a length: it is stored with what takes that time
    return {
        "model": use.model,
        "prompt_hash": timeline.prompt_hash,
        "passages": timeline.passages,
        "removed_markers": timeline.removed_markers,
        "grounding": timeline.grounding,
        "tool_calls": timeline.tool_calls,
        "steps": timeline.steps,
        "first_token_ms": timeline.first_text_ms,
        "total_ms": timeline.now(),
        "tokens": {"in": use.tokens_in, "out": use.tokens_out, "cached": use.tokens_cached},
        "cost": {
            "amount": None if use.cost is None else as_text(rounded(use.cost)),
            "currency": CURRENCY,
            "prices": {model: price.as_json() for model, price in use.prices.items()},
        },
    }


def merged(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Receipt:
    """One receipt of two, the later one's times counted on from the earlier one's end: waiting is not working."""
    shift = earlier.get("total_ms") or 0.0
    first, second = earlier.get("first_token_ms"), later.get("first_token_ms")
    return {
        **earlier,
        **later,
        "model": later.get("model") or earlier.get("model", ""),
        "prompt_hash": later.get("prompt_hash") or earlier.get("prompt_hash", ""),
        "passages": _all_passages(earlier.get("passages", []), later.get("passages", [])),
        "removed_markers": earlier.get("removed_markers", 0) + later.get("removed_markers", 0),
        "grounding": later.get("grounding") or earlier.get("grounding", ""),
        "tool_calls": [*earlier.get("tool_calls", []), *later.get("tool_calls", [])],
        "steps": [*earlier.get("steps", []), *(_later(step, shift) for step in later.get("steps", []))],
        "first_token_ms": first if first is not None else None if second is None else round(second + shift, 2),
        "total_ms": round(shift + (later.get("total_ms") or 0.0), 2),
        "tokens": _sum(earlier.get("tokens", {}), later.get("tokens", {})),
        "cost": _total(earlier.get("cost"), later.get("cost")),
    }


def interrupted(run: Run, events: Iterable[RunEvent]) -> Receipt:
    """The receipt of a run whose process died, from its log: what it had begun, without tokens or cost.

    The log is read from where the run was last taken up, as the receipt has what was before.
    """
    began = run.created_at
    steps: dict[str, Step] = {}
    calls: dict[str, dict[str, Any]] = {}
    first: float | None = None
    for event in events:
        at, facts = _milliseconds(began, event.created_at), event.payload
        if event.type.startswith("run."):
            began, first = event.created_at, None
            steps.clear()
            calls.clear()
        elif event.type == "tool.started":
            named = {"call_id": facts["call_id"], "name": facts["name"]}
            steps[facts["call_id"]] = {"kind": "tool", "start_ms": at, "ms": None, **named}
            calls[facts["call_id"]] = {**named, "arguments": facts["args"], "result": None, "status": ""}
        elif event.type == "tool.finished" and facts["call_id"] in steps:
            step = steps[facts["call_id"]]
            step.update(ms=round(at - step["start_ms"], 2), error_type=facts["error_type"])
            calls[facts["call_id"]].update(status=facts["status"], error_type=facts["error_type"])
        elif event.type == "message.delta" and first is None:
            first = at
    made = {"tool_calls": list(calls.values()), "steps": list(steps.values()), "first_token_ms": first}
    return merged(run.receipt, storable(made) | {"cost": {"amount": None, "currency": CURRENCY, "prices": {}}})


def columns_of(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the run's columns that sum a finished receipt up."""
    tokens, amount = receipt["tokens"], receipt["cost"]["amount"]
    return {
        "model": receipt["model"],
        "prompt_hash": receipt["prompt_hash"],
        "tokens_in": tokens["in"],
        "tokens_out": tokens["out"],
        "tokens_cached": tokens["cached"],
        "removed_markers": receipt.get("removed_markers", 0),
        "grounding": receipt.get("grounding", ""),
        "cost": None if amount is None else Decimal(amount),
    }


def _all_passages(earlier: Sequence[Json], later: Sequence[Json]) -> list[Json]:
    """By their numbers: a run that goes on searches anew for its question, and what tools had found stays."""
    numbers = {passage.get("number") for passage in later}
    kept = [passage for passage in earlier if passage.get("number") not in numbers]
    return sorted([*kept, *later], key=lambda passage: passage.get("number") or 0)


def _later(step: Step, shift: float) -> Step:
    return {**step, "start_ms": round(step["start_ms"] + shift, 2)}


def _sum(earlier: Mapping[str, int], later: Mapping[str, int]) -> dict[str, int]:
    return {name: earlier.get(name, 0) + later.get(name, 0) for name in ("in", "out", "cached")}


def _total(earlier: Mapping[str, Any] | None, later: Mapping[str, Any] | None) -> dict[str, Any]:
    """Of the parts that there are; unknown where one of them is."""
    parts = [part for part in (earlier, later) if part]
    known = [Decimal(part["amount"]) for part in parts if part["amount"] is not None]
    prices = {model: price for part in parts for model, price in part["prices"].items()}
    amount = as_text(sum(known, Decimal(0))) if len(known) == len(parts) else None
    return {"amount": amount, "currency": CURRENCY, "prices": prices}


def _milliseconds(since: datetime, until: datetime) -> float:
    return round(max((until - since).total_seconds(), 0.0) * 1000, 2)
