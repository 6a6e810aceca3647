"""Assistants, threads and messages for a Django user: the functions that a project calls from its own code.

They are the same use cases as the API's (``threads.py``, ``messages.py``), asked by a user instead of an actor and on
rows instead of ids. All take ``request`` where there is one: permission functions get it, and an API key that signed
the request in acts as itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from langchain_core.messages import BaseMessage

from assistants.access import key_of
from assistants.assistants import AIAssistant
from assistants.callers import Caller
from assistants.models import Message, Thread
from assistants.permissions import check_allowed, check_may_run
from assistants.runs.decisions import Decision
from assistants.use_cases import approvals, messages, threads
from tenants.sync_bridge import from_sync


def get_assistant_cls(
    assistant_id: str,
    user: Any,
    request: HttpRequest | None = None,
) -> type[AIAssistant]:
    """The assistant with this id, as a class, if the user may run it.

    Raises
    ------
    AIAssistantNotDefinedError
        There is no such assistant.
    AIUserNotAllowedError
        ``AI_ASSISTANT_CAN_RUN_ASSISTANT`` says no.
    """
    return _may_be_run(Caller(user, request), assistant_id)


def get_single_assistant_info(
    assistant_id: str,
    user: Any,
    request: HttpRequest | None = None,
) -> dict[str, str]:
    """The assistant's id and name: ``{"id": "personal_ai", "name": "Personal AI"}``.

    Raises what ``get_assistant_cls`` raises.
    """
    return _info(get_assistant_cls(assistant_id, user, request))


def get_assistants_info(
    user: Any,
    request: HttpRequest | None = None,
) -> list[dict[str, str]]:
    """Id and name of each assistant that the user may see, by name."""
    return [_info(assistant) for assistant in threads.list_assistants(Caller(user, request))]


def create_message(
    assistant_id: str,
    thread: Thread,
    user: Any,
    content: Any,
    request: HttpRequest | None = None,
) -> dict:
    """Say something in the thread, and run the assistant to answer it.

    ``content`` is usually a string. Returns what ``AIAssistant.invoke`` returns: ``{"output", "history", ...}``.

    Raises
    ------
    AIAssistantNotDefinedError, AIUserNotAllowedError
        There is no such assistant; or the user may not run it, or not write in this thread.
    Conflict
        The thread belongs to another assistant, or a turn is running in it.
    TooMany
        A budget is used up, or the limit of an access rule: ``BudgetExhausted``, ``RuleLimit``.
    """
    return assistant_to_ask(assistant_id, thread, user, request).invoke({"input": content}, thread_id=thread.pk)


def decide_tool_calls(
    run_id: Any,
    decisions: Sequence[Decision],
    user: Any,
    request: HttpRequest | None = None,
) -> dict:
    """Approve, refuse or edit the tool calls that a run waits with, and let it go on.

    A run waits when the result of ``create_message`` or ``AIAssistant.invoke`` has ``waiting``: the proposed calls,
    ``{"id", "name", "args"}`` each. ``run_id`` is in the same result. Give one decision for each call::

        result = create_message("issue_tracker", thread, user, "Delete issue 7")
        if result.get("waiting"):
            decisions = [Decision(call["id"], "approve") for call in result["waiting"]]
            result = decide_tool_calls(result["run_id"], decisions, user)

    Returns what ``create_message`` does, which may wait again.

    Raises
    ------
    RunNotFound, AIUserNotAllowedError
        The run is not the user's; or the user may no longer run the assistant, or not write in the thread.
    Conflict
        The run does not wait (``run_not_waiting``), or its messages have been deleted (``proposal_deleted``).
    InvalidInput
        There is not one decision for each call, or edited arguments do not fit the tool.
    """
    from assistants.use_cases.asynchronous import adecide_tool_calls

    return from_sync(adecide_tool_calls, run_id, decisions, user, request)


def create_thread(
    name: str,
    user: Any,
    assistant_id: str | None = None,
    request: HttpRequest | None = None,
) -> Thread:
    """A new thread of the user's, bound to an assistant if one is named.

    Without a name it takes one from its first message.

    Raises
    ------
    AIUserNotAllowedError
        The user may not begin threads, or not run the assistant.
    AIAssistantNotDefinedError
        There is no such assistant.
    InvalidInput
        The name is too long, or cannot be stored.
    """
    return threads.create_thread(Caller(user, request), name or "", assistant_id or "")


def get_single_thread(
    thread_id: Any,
    user: Any,
    request: HttpRequest | None = None,
) -> Thread:
    """The thread with this id.

    Raises
    ------
    Thread.DoesNotExist
        There is none; an id that no thread can have belongs to none.
    AIUserNotAllowedError
        The user may not view it.
    """
    thread = Thread.objects.select_related("created_by").get(pk=key_of(Thread, thread_id, Thread.DoesNotExist))
    check_allowed(Caller(user, request), "CAN_VIEW_THREAD_FN", thread=thread)
    return thread


def get_threads(
    user: Any,
    assistant_id: str | None = None,
    request: HttpRequest | None = None,
) -> list[Thread]:
    """The user's own threads that the user may view, newest first; those of one assistant, if one is named."""
    return threads.all_threads(Caller(user, request), assistant_id or "")


def update_thread(
    thread: Thread,
    name: str,
    user: Any,
    request: HttpRequest | None = None,
) -> Thread:
    """Rename the thread, and return it. Raises ``AIUserNotAllowedError``, or ``InvalidInput`` for the name."""
    return threads.update_thread(Caller(user, request), thread, {"name": name})


def delete_thread(
    thread: Thread,
    user: Any,
    request: HttpRequest | None = None,
) -> None:
    """Delete the thread and all that is in it. Raises ``AIUserNotAllowedError``."""
    threads.delete_thread(Caller(user, request), thread)


def get_thread_messages(
    thread: Thread,
    user: Any,
    request: HttpRequest | None = None,
) -> list[BaseMessage]:
    """What people read in the thread, as LangChain messages, oldest first. Raises ``AIUserNotAllowedError``."""
    check_allowed(Caller(user, request), "CAN_VIEW_THREAD_FN", thread=thread)
    return thread.get_messages(include_extra_messages=False)


def delete_message(
    message: Message,
    user: Any,
    request: HttpRequest | None = None,
) -> tuple[int, dict[str, int]]:
    """Delete the message; returns what Django's ``delete`` does. Raises ``AIUserNotAllowedError``."""
    return messages.delete_message(Caller(user, request), message)


def assistant_to_ask(assistant_id: str, thread: Thread, user: Any, request: HttpRequest | None) -> AIAssistant:
    """The assistant, ready to be asked by the user in the thread. Raises what forbids it."""
    caller = Caller(user, request)
    decision = check_may_run(caller, assistant_id)
    check_allowed(caller, "CAN_CREATE_MESSAGE_FN", thread=thread, message=None)
    assistant = caller.assistants.get(assistant_id)(user=user, request=request, actor=caller.actor)
    assistant._allowed_by = decision
    return assistant


def run_to_go_on(
    run_id: Any, decisions: Sequence[Decision], user: Any, request: HttpRequest | None
) -> approvals.Resumption:
    """The run, with the decisions stored, ready to be run on. Raises what forbids it."""
    actor = Caller(user, request).actor
    # Not resumable: the code that waits for the answer is gone with its process.
    return approvals.decide(actor, run_id, decisions, user=user, request=request, resumable=False)


def _may_be_run(caller: Caller, assistant_id: str) -> type[AIAssistant]:
    check_may_run(caller, assistant_id)
    return caller.assistants.get(assistant_id)


def _info(assistant: type[AIAssistant]) -> dict[str, str]:
    return {"id": assistant.id, "name": assistant.name}
