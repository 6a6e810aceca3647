"""A run that waits for a person goes on: the decisions on its proposed tool calls, checked and stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from langchain_core.messages import messages_from_dict

from assistants.access import thread_for
from assistants.assistants import AIAssistant
from assistants.callers import Caller
from assistants.messages import call_ids, storable
from assistants.models import Message, Run, RunEvent
from assistants.runs.active import ActiveRun
from assistants.runs.decisions import Decision, InvalidArguments, check_decisions
from assistants.runs.idempotency import Idempotency, earlier_run, key_row
from assistants.runs.reservation import reservation_for
from assistants.runs.storage import store_decisions
from assistants.runs.stored_turns import messages_so_far, turn_of
from assistants.runs.turns import Turn, as_json_id
from assistants.tool_arguments import argument_problems
from assistants.use_cases.begin_turn import lease_for
from assistants.use_cases.playground import assistant_of_run
from assistants.use_cases.runs import get_run, last_event
from tenants.actors import Actor
from tenants.errors import Conflict
from tenants.rules.decide import Decision as Allowed
from tenants.text import check_text

LONGEST_ARGUMENTS = 100_000  # characters


class RunNotWaiting(Conflict):
    """This run does not wait for approval: somebody has decided already, or it has ended."""

    code = "run_not_waiting"


class ProposalDeleted(Conflict):
    """Messages of this run have been deleted, so it cannot go on. Cancel it, and ask again."""

    code = "proposal_deleted"


@dataclass(frozen=True, slots=True)
class Resumption:
    """A run that goes on after its event number ``after``.

    ``turn`` is what is to be run; None where the same request has made it go on before.
    """

    run_id: Any
    after: int
    turn: Turn | None = None

    def active(self) -> ActiveRun:
        """The rest of the run, to be executed."""
        return ActiveRun(begins_after=self.after, begins_with="run.resumed")


def decide(
    actor: Actor,
    run_id: Any,
    decisions: Sequence[Decision],
    *,
    user: Any = None,
    request: Any = None,
    idempotency: Idempotency | None = None,
    resumable: bool = True,
) -> Resumption:
    """Check the decisions, then store them and let the run go on; or find that the same request has done so.

    Raises
    ------
    RunNotFound, AIUserNotAllowedError
        The run is not the actor's; or the actor may no longer run the assistant, or not write in the thread.
    RunNotWaiting, ProposalDeleted
        The run waits for nobody (any more), or what it would go on from has been deleted.
    InvalidInput
        The decisions are not one for each of the calls that wait (``runs/decisions.py``), or edited arguments do not
        fit the tool.
    BudgetExhausted, RuleLimit
        A budget is used up, or an access rule's tokens of the day. The run goes on to wait.
    KeyReused
        The idempotency key came with another request before.
    """
    caller = Caller(user, request, actor)
    run = get_run(actor, run_id)
    thread_for(caller, run.thread_id, to="CAN_CREATE_MESSAGE_FN")
    assistant_class, allowed = assistant_of_run(caller, run)
    earlier = _earlier(idempotency, decisions)
    if earlier is not None:
        return earlier
    assistant = assistant_class(user=user, request=request, actor=actor)
    try:
        with transaction.atomic():
            return _decide(run.pk, assistant, actor, allowed, decisions, idempotency, resumable)
    except (RunNotWaiting, IntegrityError):
        # Two requests with one key at once: the other one was first, and this one is its echo.
        earlier = _earlier(idempotency, decisions)
        if earlier is None:
            raise
        return earlier


def _earlier(idempotency: Idempotency | None, decisions: Sequence[Decision]) -> Resumption | None:
    found = earlier_run(idempotency) if idempotency is not None else None
    if found is None:
        return None
    stored = Run.objects.values_list("decisions", flat=True).get(pk=found.run_id)
    return Resumption(found.run_id, after=stored[decisions[0].call_id]["after"])


def _decide(
    run_id: Any,
    assistant: AIAssistant,
    actor: Actor,
    allowed: Allowed,
    decisions: Sequence[Decision],
    idempotency: Idempotency | None,
    resumable: bool,
) -> Resumption:
    run = _locked(run_id)
    last, proposal = _pause(run)
    waiting: list[dict[str, Any]] = last.payload["tool_calls"]
    check_decisions(decisions, waiting)
    _check_arguments(assistant, decisions, waiting)
    run.decisions = {**run.decisions, **_stored(actor, decisions, waiting, proposal, last)}
    _edit(proposal, decisions)
    changes = {"status": Run.Status.RUNNING, "decisions": run.decisions, "cancel_requested_at": None}
    question = messages_from_dict([run.question.message])[0].content  # type: ignore[union-attr]  # _pause has seen it
    budget = reservation_for(run, assistant, question, actor, allowed, begins=False)
    store_decisions(run, changes, proposal, lease_for(run, resumable), key_row(run, idempotency), budget)
    return Resumption(run.pk, last.sequence, turn_of(run, assistant, actor))


def _locked(run_id: Any) -> Run:
    """The run, if it waits; of two that decide at once, the second sees what the first has made of it."""
    rows = Run.objects.select_for_update(of=("self",)).select_related("question", "thread")
    run = rows.filter(pk=run_id, status=Run.Status.WAITING).first()
    if run is None:
        raise RunNotWaiting(run_id=as_json_id(run_id))
    return run


def _pause(run: Run) -> tuple[RunEvent, Message]:
    """The event with which the run began to wait, and the message whose calls wait."""
    last, rows = last_event(run), messages_so_far(run)
    if run.question is None or last is None or last.type != "run.waiting" or not rows:
        raise ProposalDeleted
    proposed = call_ids(messages_from_dict([rows[-1].message])[0])
    if not proposed.issuperset(call["id"] for call in last.payload["tool_calls"]):
        raise ProposalDeleted
    return last, rows[-1]


def _check_arguments(
    assistant: AIAssistant, decisions: Sequence[Decision], waiting: Sequence[Mapping[str, Any]]
) -> None:
    """Raises ``InvalidArguments`` for edited arguments that their tool would not take."""
    if not any(decided.args is not None for decided in decisions):
        return
    names = {call["id"]: call["name"] for call in waiting}
    tools = {tool.name: tool for tool in assistant.get_tools()}
    for position, decided in enumerate(decisions):
        if decided.args is None:
            continue
        field = f"decisions.{position}.args"
        if storable(decided.args) != decided.args:
            raise InvalidArguments("These arguments hold what cannot be stored.", field=field)
        check_text(str(decided.args), field=field, longest=LONGEST_ARGUMENTS)
        tool = tools.get(names[decided.call_id])
        if tool is None:
            raise InvalidArguments("The assistant has this tool no more.", field=field)
        for path, problem in argument_problems(tool, decided.args):
            raise InvalidArguments(problem, field=f"{field}.{path}" if path else field)


def _stored(
    actor: Actor,
    decisions: Sequence[Decision],
    waiting: Sequence[Mapping[str, Any]],
    proposal: Message,
    last: RunEvent,
) -> dict[str, dict[str, Any]]:
    """The decisions as the run keeps them: what, on what, by whom, when, and after which event."""
    proposed = {call["id"]: call["args"] for call in waiting}
    by = {"kind": actor.kind, "user_id": actor.user_id, "api_key_id": actor.api_key_id, "label": actor.label}
    at = timezone.now().isoformat()
    return {
        each.call_id: {
            "decision": each.decision,
            "reason": each.reason,
            "args": each.args,
            "proposed": proposed[each.call_id],
            "by": by,
            "at": at,
            "message_id": str(proposal.pk),
            "after": last.sequence,
        }
        for each in decisions
    }


def _edit(proposal: Message, decisions: Sequence[Decision]) -> None:
    """Write edited arguments into the message: the tool gets them, and the model reads what was really called."""
    edited = {each.call_id: dict(each.args) for each in decisions if each.args is not None}
    for call in proposal.message["data"]["tool_calls"]:
        call["args"] = edited.get(call["id"], call["args"])
