"""Async code called from synchronous code, with its database work done on the calling thread.

The coroutine runs on one long-lived event loop of the process, so that clients which belong to a loop (HTTP
connection pools) can be used again; a new loop for each call would leave them broken. Database work comes back to
the thread that waits, and so happens inside its transaction: what the caller has written but not committed is seen.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextvars import ContextVar
from functools import cache, partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class WaitingThread:
    """A thread that waits for a coroutine, and meanwhile does the work that the coroutine sends back to it."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()

    async def run(self, function: Callable[[], T]) -> T:
        """Have the waiting thread call ``function``, in the coroutine's context."""
        answer: Future[T] = Future()
        context = contextvars.copy_context()
        self._work.put((partial(context.run, function), answer))
        return await asyncio.wrap_future(answer)

    def work_until(self, done: Future[Any]) -> None:
        """Do the work that comes until ``done`` is done."""
        done.add_done_callback(lambda _: self._work.put(None))
        while (item := self._work.get()) is not None:
            function, answer = item
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                answer.set_result(function())
            except BaseException as error:  # the coroutine's, not ours: it is raised there
                answer.set_exception(error)


_waiting: ContextVar[WaitingThread | None] = ContextVar("atrium_waiting_thread", default=None)


def waiting_thread() -> WaitingThread | None:
    """The thread that waits for the running coroutine, if synchronous code called it."""
    return _waiting.get()


def from_sync(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call async code from synchronous code and wait for it.

    Raises ``RuntimeError`` on a thread whose event loop is running: await there instead.
    """
    _refuse_on_event_loop(function)
    thread = WaitingThread()
    token = _waiting.set(thread)
    try:
        done = asyncio.run_coroutine_threadsafe(_call(function, *args, **kwargs), _loop())
    finally:
        _waiting.reset(token)
    try:
        thread.work_until(done)
    except BaseException:  # Ctrl-C in the waiting thread: the coroutine must not go on without it
        done.cancel()
        raise
    return done.result()


async def _call(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    return await function(*args, **kwargs)


def _refuse_on_event_loop(function: Callable[..., Any]) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(f"{function.__qualname__} was called on an event loop: await its async form there.")


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="atrium-loop", daemon=True).start()
    return loop
