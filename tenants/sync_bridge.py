"""Async code called from synchronous code, with its database work done on the calling thread.

The coroutine runs on one long-lived event loop of the process (the server's, where there is one), so that clients
which belong to a loop (HTTP connection pools) can be used again; a new loop for each call would leave them broken.
Database work comes back to the thread that waits, and so happens inside its transaction: what the caller has written
but not committed is seen. Inside a transaction, synchronous tools come back as well, one after the other: on another
thread they would not see what the caller has written, and could wait for its locks while it waits for them.
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

from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")


class WaitingThread:
    """A thread that waits for a coroutine, and meanwhile does the work that the coroutine sends back to it."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self.has_left = False
        """True when the thread waits no more; a task that outlives its coroutine must look elsewhere."""
        self.in_transaction = any(each.in_atomic_block for each in connections.all(initialized_only=True))
        """True when the thread is inside ``transaction.atomic``: only here can that transaction be seen."""

    async def run(self, function: Callable[[], T]) -> T:
        """Have the waiting thread call ``function``, in the coroutine's context."""
        answer: Future[T] = Future()
        context = contextvars.copy_context()
        with self._lock:
            if self.has_left:
                raise RuntimeError("The thread that waited for this work has gone on.")
            self._work.put((partial(context.run, function), answer))
        return await asyncio.wrap_future(answer)

    def work_until(self, done: Future[Any]) -> None:
        """Do the work that comes until ``done`` is done."""
        done.add_done_callback(lambda _: self._work.put(None))
        try:
            while (item := self._work.get()) is not None:
                _do(*item)
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._lock:
            self.has_left = True
        while not self._work.empty():
            item = self._work.get_nowait()
            if item is not None:
                item[1].cancel()


def _do(function: Callable[[], Any], answer: Future[Any]) -> None:
    if not answer.set_running_or_notify_cancel():
        return
    try:
        answer.set_result(function())
    except StopIteration as error:
        answer.set_exception(as_runtime_error(error))
    except Exception as error:  # the coroutine's, not ours: it is raised there
        answer.set_exception(error)
    except BaseException:  # Ctrl-C is for this thread; on the event loop it would end the loop
        answer.set_exception(asyncio.CancelledError())
        raise


def as_runtime_error(error: StopIteration) -> RuntimeError:
    """What can be raised in a coroutine in its place: a future never delivers a ``StopIteration``."""
    stopped = RuntimeError("StopIteration")
    stopped.__cause__ = error
    return stopped


_waiting: ContextVar[WaitingThread | None] = ContextVar("atrium_waiting_thread", default=None)


def waiting_thread() -> WaitingThread | None:
    """The thread that waits for the running coroutine, if synchronous code called it and still waits."""
    thread = _waiting.get()
    return None if thread is None or thread.has_left else thread


def from_sync(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call async code from synchronous code and wait for it.

    Raises ``RuntimeError`` on a thread whose event loop is running: await there instead.
    """
    _refuse_on_event_loop(function)
    thread = WaitingThread()
    token = _waiting.set(thread)
    try:
        done = asyncio.run_coroutine_threadsafe(_call(function, *args, **kwargs), _the_loop())
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


def adopt_loop() -> None:
    """Use the running loop, which serves, for synchronous callers too: then a process has one loop, and whatever
    belongs to a loop (an SDK's HTTP connections) meets no other."""
    global _adopted
    _adopted = asyncio.get_running_loop()


def release_loop() -> None:
    """The adopted loop is about to end."""
    global _adopted
    _adopted = None


_adopted: asyncio.AbstractEventLoop | None = None


def _the_loop() -> asyncio.AbstractEventLoop:
    return _own_loop() if _adopted is None or _adopted.is_closed() else _adopted


@cache
def _own_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="atrium-loop", daemon=True).start()
    return loop
