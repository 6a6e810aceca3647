"""A server process' start and end (ASGI lifespan protocol)."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings

from assistants import tenant_assistants
from assistants.graph.turn import turn_graph
from assistants.llm.http_clients import close_http_client
from assistants.llm.providers import chat_model
from assistants.runs.keeper import Keeper, let_go
from assistants.runs.runner import runner
from assistants.tenant_assistants import assistant_book
from assistants.use_cases.runs import CANCEL_CHANNEL
from atrium.checks import warn_of_unknown_proxy
from tenants import hosts, sync_bridge
from tenants.budgets import in_force
from tenants.budgets.redis_buckets import close_redis
from tenants.credentials import in_force as providers
from tenants.credentials.clients import close_provider_clients
from tenants.credentials.in_force import provider_book
from tenants.database import in_database
from tenants.hosts import host_map
from tenants.key_use import KeyUseWriter
from tenants.notifications import Listener
from tenants.rules import book
from tenants.rules.book import rule_book

GC_THRESHOLDS = (10_000, 20, 20)
"""Objects made until the youngest are looked at, and how often until older ones are. Hundreds of streams keep many
objects alive for a minute; with Python's own (700, 10, 10) looking at them all again and again stopped every stream
for tens of milliseconds."""


async def lifespan(
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Start listening for changes; at the end let the runs that are under way finish."""
    listener = Listener()
    listener.tell(hosts.CHANNEL, host_map)
    listener.tell(in_force.CHANNEL, in_force.terms_book)
    listener.tell(book.CHANNEL, rule_book)
    listener.tell(tenant_assistants.CHANNEL, assistant_book)
    listener.tell(providers.CHANNEL, provider_book)
    listener.on(CANCEL_CHANNEL, _cancel)
    keeper, uses = Keeper(may_take=lambda: not runner.is_draining), KeyUseWriter()
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            runner.reopen()
            listener.start()
            keeper.start()
            uses.start()
            sync_bridge.adopt_loop()
            warn_of_unknown_proxy()
            warm_up()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await runner.drain()
            await keeper.stop()
            await in_database(let_go)
            await uses.stop()
            sync_bridge.release_loop()
            await close_http_client()
            await close_redis()
            await close_provider_clients()
            await listener.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


@cache
def warm_up() -> None:
    """Load what the first answer would have to wait for, once a process.

    What is loaded by then lives as long as the process, so the garbage collector need not look at it again and again:
    it took a tenth of a turn's time.
    """
    for urls in (settings.ROOT_URLCONF, settings.PUBLIC_SCHEMA_URLCONF):
        import_module(urls)
    turn_graph()
    chat_model()  # and with it the provider's SDK, if there is one
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def _cancel(payload: str) -> None:
    """``schema/run id``, from whichever process was asked; empty after a reconnect."""
    schema_name, _, run_id = payload.partition("/")
    if run_id:
        runner.cancel_named((schema_name, run_id))
