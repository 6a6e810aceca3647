"""What a person decides on tool calls that wait for approval: the shape, and which decisions fit which calls. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tenants.errors import InvalidInput
from tenants.text import check_text

Kind = Literal["approve", "refuse", "edit"]
KINDS = ("approve", "refuse", "edit")
LONGEST_REASON = 2000  # characters


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person says to one proposed tool call.

    ``approve``: call it as proposed. ``refuse``: do not; the model is told so, with the ``reason`` if there is one.
    ``edit``: call it with ``args`` instead, which are all of the call's arguments.
    """

    call_id: str
    decision: Kind
    reason: str = ""
    args: Mapping[str, Any] | None = None


class DecisionMissing(InvalidInput):
    """Each call that waits needs a decision."""

    code = "decision_missing"


class UnknownCall(InvalidInput):
    """The run does not wait for a decision on this call."""

    code = "unknown_call"


class DecidedTwice(InvalidInput):
    """There are two decisions on one call."""

    code = "decided_twice"


class InvalidDecision(InvalidInput):
    """The decision is not one of approve, refuse and edit, or holds what does not belong to it."""

    code = "invalid_decision"


class InvalidArguments(InvalidInput):
    """The edited arguments do not fit the tool."""

    code = "invalid_arguments"


def check_decisions(decisions: Sequence[Decision], waiting: Sequence[Mapping[str, Any]]) -> None:
    """Exactly one decision for each of the calls that wait, each with what belongs to it. Raises ``InvalidInput``."""
    ids, seen = {call["id"] for call in waiting}, set[str]()
    for position, decided in enumerate(decisions):
        field = f"decisions.{position}"
        if decided.call_id not in ids:
            raise UnknownCall("The run does not wait for a decision on this call.", field=f"{field}.call_id")
        if decided.call_id in seen:
            raise DecidedTwice("There is another decision on this call.", field=f"{field}.call_id")
        seen.add(decided.call_id)
        _check_parts(decided, field)
    left = [str(call["id"]) for call in waiting if call["id"] not in seen]
    if left:
        raise DecisionMissing(f"These calls wait for a decision, too: {', '.join(left)}.", field="decisions")


def _check_parts(decided: Decision, field: str) -> None:
    if decided.decision not in KINDS:
        raise InvalidDecision("A decision is approve, refuse or edit.", field=f"{field}.decision")
    if decided.reason and decided.decision != "refuse":
        raise InvalidDecision("Only a refusal has a reason: it is told to the model.", field=f"{field}.reason")
    if decided.decision == "edit" and decided.args is None:
        raise InvalidDecision("An edited call needs all of its arguments.", field=f"{field}.args")
    if decided.args is not None and decided.decision != "edit":
        raise InvalidDecision("Only an edited call has arguments.", field=f"{field}.args")
    check_text(decided.reason, field=f"{field}.reason", longest=LONGEST_REASON)


def shown_decisions(stored: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Stored decisions as an event shows them: ``args`` are those of an edited call, else None."""
    return [
        {"call_id": id, "decision": each["decision"], "reason": each["reason"], "args": each["args"]}
        for id, each in stored.items()
    ]
