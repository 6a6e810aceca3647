"""A completion, checked and stored: a question whose conversation the client keeps, in a thread of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from langchain_core.messages import AIMessage, BaseMessage

from assistants.assistants import AIAssistant
from assistants.callers import Caller
from assistants.conf import max_history_tokens
from assistants.graph.client_tools import FromClient
from assistants.graph.history import recent
from assistants.models import Thread
from assistants.permissions import check_allowed, check_may_run
from assistants.runs.found_before import found_before
from assistants.runs.idempotency import EarlierRun, Idempotency, earlier_run
from assistants.runs.storage import give_keys
from assistants.runs.turns import Turn
from assistants.signals import asking
from assistants.use_cases.begin_turn import check_content, store_turn, title_of
from assistants.use_cases.own_steps import with_own_steps
from tenants.actors import Actor
from tenants.errors import InvalidInput


class ToolsNotAllowed(InvalidInput):
    """This assistant takes no tools of its clients."""

    status = 400
    code = "tools_not_allowed"


class ToolNameTaken(InvalidInput):
    """The assistant has a tool of this name itself."""

    status = 400
    code = "tool_name_taken"


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What a client asks: its conversation before the question, the question, and what the turn has brought since.

    ``so_far`` are calls of the client's own tools with what came of them. ``wants_structure``: the answer is to be an
    object.
    """

    question: str
    history: Sequence[BaseMessage] = ()
    so_far: Sequence[BaseMessage] = ()
    from_client: FromClient = field(default_factory=FromClient)
    wants_structure: bool = False


def begin_completion(
    actor: Actor,
    assistant_id: str,
    asked: CompletionRequest,
    *,
    user: Any = None,
    request: Any = None,
    idempotency: Idempotency | None = None,
) -> Turn | EarlierRun:
    """Check the request, then store its question with a run and a thread; or find the run that it has begun before.

    Raises
    ------
    InvalidInput, TooLarge
        The question is empty or cannot be stored, or the assistant does not do what is asked for.
    ToolsNotAllowed, ToolNameTaken
        The assistant takes no tools, or has one of that name itself.
    AIAssistantNotDefinedError, AIUserNotAllowedError
        There is no such assistant for this actor.
    KeyReused
        The idempotency key came with another request before.
    """
    check_content(asked.question)
    caller = Caller(user, request, actor)
    assistant_class = caller.assistants.get(assistant_id)
    decision = check_may_run(caller, assistant_id)
    check_allowed(caller, "CAN_CREATE_THREAD_FN")
    if idempotency is not None and (earlier := earlier_run(idempotency)) is not None:
        return earlier
    assistant = assistant_class(user=user, request=request, actor=actor)
    _check_fits(assistant, asked)
    thread = _thread(caller, assistant_id, asked.question)
    check_allowed(caller, "CAN_CREATE_MESSAGE_FN", thread=thread, message=None)
    asking.send(sender=None, actor=actor)
    turn = store_turn(
        assistant,
        thread,
        actor,
        asked.question,
        decision,
        idempotency=idempotency,
        resumable=False,  # the conversation is in the client's request, and gone with this process
        is_new=True,
    )
    return turn if isinstance(turn, EarlierRun) else _with_conversation(turn, caller, asked)


def _thread(caller: Caller, assistant_id: str, question: str) -> Thread:
    """The thread that holds the question, still to be stored."""
    thread = Thread(assistant_id=assistant_id, name=title_of(question), source=Thread.Source.COMPLETION)
    if caller.user_id is None:
        thread.api_key_id, thread.visitor_id = caller.api_key_id, caller.visitor_id
    else:
        thread.created_by = caller.user
    give_keys([thread])
    return thread


def _with_conversation(turn: Turn, caller: Caller, asked: CompletionRequest) -> Turn:
    """The turn with what the client brought, bounded by tokens as every history is."""
    key = turn.run_id.hex if isinstance(turn.run_id, UUID) else turn.run_id
    so_far, passages = with_own_steps(caller, turn.assistant.id, asked.so_far)
    return replace(
        turn,
        history=recent(reversed(asked.history), max_history_tokens()),
        so_far=so_far,
        found=found_before(passages, so_far),
        receipt={**turn.receipt, "passages": passages} if passages else turn.receipt,
        from_client=replace(asked.from_client, call_prefix=f"call_{key}-"),
    )


def _check_fits(assistant: AIAssistant, asked: CompletionRequest) -> None:
    if asked.wants_structure and assistant.structured_output is None:
        raise InvalidInput(
            f"{assistant.id} answers with text: only an assistant with structured_output answers with an object.",
            field="response_format",
            code="unsupported_value",
        )
    called = {call["name"] for each in (*asked.history, *asked.so_far) for call in _calls(each)}
    if not (asked.from_client.tools or called):
        return
    if not assistant.allows_client_tools:
        raise ToolsNotAllowed(
            f"{assistant.id} takes no tools of its clients: its developer can set allows_client_tools.",
            field="tools" if asked.from_client.tools else "messages",
        )
    # A developer's get_tools may be slow; it is asked here, on a thread of the database's, as it must be before the
    # question is stored, and only of assistants that take tools.
    own = {tool.name for tool in assistant.get_tools()}
    for names, where in ((asked.from_client.names, "tools"), (called, "messages")):
        # A call of an own tool in the client's messages would be a result that the assistant's tool never gave.
        if taken := ", ".join(sorted(names & own)):
            raise ToolNameTaken(f"{assistant.id} has tools named {taken} itself. Rename yours.", field=where)


def _calls(message: BaseMessage) -> Sequence[Any]:
    return message.tool_calls if isinstance(message, AIMessage) else ()
