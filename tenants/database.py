"""Database work from async code: on a bounded executor, in the caller's context, with the connection given back.

Use cases are plain synchronous functions. Async code calls them as ``await in_database(use_case, ...)``: one hop to
a thread, one short use of a connection, and nothing is held while a model speaks. Django's own async ORM would take
a thread and a connection for as long as the request lives: 500 streams would need 500 of each (docs/why/tenancy.md).
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import connections

from tenants.sync_bridge import as_runtime_error, waiting_thread

P = ParamSpec("P")
T = TypeVar("T")


@cache
def _database_executor() -> ThreadPoolExecutor:
    """As many threads as connections: a thread never waits for the pool."""
    return ThreadPoolExecutor(settings.ATRIUM_DATABASE_THREADS, thread_name_prefix="atrium-db")


@cache
def _tool_executor() -> ThreadPoolExecutor:
    """For developers' synchronous code, which may be slow: it must not take the threads of the use cases."""
    return ThreadPoolExecutor(settings.ATRIUM_TOOL_THREADS, thread_name_prefix="atrium-tool")


def give_connections_back() -> None:
    """Return this thread's connections to the pool. Inside a transaction they stay: its owner returns them."""
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None and not connection.in_atomic_block:
            connection.close()


def _then_give_back(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return function(*args, **kwargs)
    except StopIteration as error:
        raise as_runtime_error(error) from error
    finally:
        give_connections_back()


async def _on(executor: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    work = partial(_then_give_back, function, *args, **kwargs)
    return await loop.run_in_executor(executor, context.run, work)


async def in_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run ``function``, which uses the ORM, off the event loop and in the caller's tenant context.

    The result must be evaluated: a lazy queryset would be read on the event loop, and refused by Django.
    """
    waiting = waiting_thread()
    if waiting is not None:
        return await waiting.run(partial(function, *args, **kwargs))
    return await _on(_database_executor(), function, *args, **kwargs)


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run slow synchronous code (a tool, a parser) off the event loop, in the caller's tenant context.

    For a caller that waits inside a transaction it runs there, and sees what the caller has written.
    """
    waiting = waiting_thread()
    if waiting is not None and waiting.in_transaction:
        return await waiting.run(partial(function, *args, **kwargs))
    return await _on(_tool_executor(), function, *args, **kwargs)
