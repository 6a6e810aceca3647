"""The functions of ``conversations.py`` for asynchronous code: the same names with an ``a`` before them.

Each does its database work off the event loop, in the caller's tenant context; nothing of the database is held while a
model speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.http import HttpRequest

from assistants.models import Thread
from assistants.runs.decisions import Decision
from assistants.use_cases import conversations
from tenants.database import in_database

P = ParamSpec("P")
T = TypeVar("T")


def _asynchronous(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    @wraps(function)
    async def twin(*args: P.args, **kwargs: P.kwargs) -> T:
        return await in_database(function, *args, **kwargs)

    twin.__name__ = twin.__qualname__ = f"a{function.__name__}"
    twin.__module__ = __name__
    return twin


aget_assistant_cls = _asynchronous(conversations.get_assistant_cls)
aget_single_assistant_info = _asynchronous(conversations.get_single_assistant_info)
aget_assistants_info = _asynchronous(conversations.get_assistants_info)
acreate_thread = _asynchronous(conversations.create_thread)
aget_single_thread = _asynchronous(conversations.get_single_thread)
aget_threads = _asynchronous(conversations.get_threads)
aupdate_thread = _asynchronous(conversations.update_thread)
adelete_thread = _asynchronous(conversations.delete_thread)
aget_thread_messages = _asynchronous(conversations.get_thread_messages)
adelete_message = _asynchronous(conversations.delete_message)


async def acreate_message(
    assistant_id: str,
    thread: Thread,
    user: Any,
    content: Any,
    request: HttpRequest | None = None,
) -> dict:
    """``create_message`` for asynchronous code: the model is awaited on the event loop."""
    assistant = await in_database(conversations.assistant_to_ask, assistant_id, thread, user, request)
    return await assistant.ainvoke({"input": content}, thread_id=thread.pk)


async def adecide_tool_calls(
    run_id: Any,
    decisions: Sequence[Decision],
    user: Any,
    request: HttpRequest | None = None,
) -> dict:
    """``decide_tool_calls`` for asynchronous code: the tools and the model are awaited on the event loop."""
    from assistants.runs.direct import go_on_in_thread  # which itself needs this package

    return await go_on_in_thread(await in_database(conversations.run_to_go_on, run_id, decisions, user, request))
