"""2,000 operations over two tenants, from 12 threads and 50 asyncio tasks at once; prints what went wrong.

    python -m tests.leaks          with LEAKS_BACKEND=stock: on django-tenants' own backend and context manager

Prints one line of JSON: {"operations", "wrong", "failed", "kinds": {kind: operations}}.
"""

from __future__ import annotations

import os

import django

if os.environ.get("LEAKS_BACKEND") == "stock":
    # What a project on stock django-tenants does: the tenant goes onto the thread's connection.
    from contextlib import contextmanager

    import tenants.context

    _ours = tenants.context.tenant_context

    @contextmanager
    def _stock_tenant_context(tenant):
        from django_tenants.utils import tenant_context

        with _ours(tenant), tenant_context(tenant):
            yield tenant

    tenants.context.tenant_context = _stock_tenant_context

django.setup()

import asyncio  # noqa: E402
import json  # noqa: E402
import random  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
from collections import Counter  # noqa: E402

import httpx  # noqa: E402
from asgiref.sync import sync_to_async  # noqa: E402
from langchain_core.messages import AIMessage  # noqa: E402
from langchain_core.tools import tool  # noqa: E402
from langgraph.graph import MessagesState, StateGraph  # noqa: E402
from langgraph.prebuilt import ToolNode  # noqa: E402
from procrastinate.contrib.django import app as jobs  # noqa: E402

from atrium.asgi import application  # noqa: E402
from tenants.context import TenantRef, current_tenant, public_context, tenant_context  # noqa: E402
from tenants.database import give_connections_back, in_database, in_thread  # noqa: E402
from tenants.models import Tenant  # noqa: E402
from tenants.tasks import tenant_task  # noqa: E402
from tests.leaks.rows import names  # noqa: E402

OPERATIONS, THREADS, TASKS = int(os.environ.get("LEAKS_OPERATIONS", "2000")), 12, 50
seen: list[tuple[str, str, list[str]]] = []  # kind of operation, tenant, names that it saw
failed: list[str] = []


@tool
def read_sync() -> str:
    """Read the rows on whatever thread LangGraph chooses."""
    return "\n".join(names())


@tool
async def read_async() -> str:
    """Read the rows from a coroutine."""
    return "\n".join(await in_database(names))


def graph():
    builder = StateGraph(MessagesState)
    builder.add_node("tools", ToolNode([read_sync, read_async]))
    builder.set_entry_point("tools")
    return builder.compile()


def calls(*tools: str) -> dict:
    return {"messages": [AIMessage("", tool_calls=[{"name": name, "args": {}, "id": name} for name in tools])]}


def read_by(state: dict) -> list[str]:
    return [name for message in state["messages"][1:] for name in message.content.split("\n")]


@tenant_task(name="tests.leaks.read")
def read_job(expected: str) -> None:
    seen.append(("job", expected, names()))


# -- operations of threads


def plain(tenant: TenantRef) -> list[str]:
    return names()


def nested(tenant: TenantRef) -> list[str]:
    with public_context():
        list(Tenant.objects.all())
    return names()


def raising(tenant: TenantRef) -> list[str]:
    try:
        with tenant_context(TenantRef(None, "globex" if tenant.schema_name == "acme" else "acme")):
            names()
            raise RuntimeError("on purpose")
    except RuntimeError:
        return names()


def sync_graph(tenant: TenantRef) -> list[str]:
    return read_by(graph().invoke(calls("read_sync")))


# -- operations of tasks


async def hop(tenant: TenantRef) -> list[str]:
    first = await in_database(names)
    await asyncio.sleep(0)
    return first + await in_thread(names)


async def stock_hop(tenant: TenantRef) -> list[str]:
    def work() -> list[str]:
        try:
            return names()
        finally:
            give_connections_back()

    return await sync_to_async(work)()


async def async_graph(tenant: TenantRef) -> list[str]:
    return read_by(await graph().ainvoke(calls("read_sync", "read_async")))


class Http:
    """Requests to the ASGI application."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.__name__ = path

    async def __call__(self, tenant: TenantRef) -> list[str]:
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        host = f"http://{tenant.schema_name}.localhost"
        async with httpx.AsyncClient(transport=transport, base_url=host) as client:
            response = await client.get(f"/{self.path}")
        if self.path == "failing":
            return await in_database(names)
        return response.json() if self.path != "stream" else response.text.split()


THREAD_OPERATIONS = [plain, nested, raising, sync_graph]
TASK_OPERATIONS = [hop, stock_hop, async_graph, Http("sync"), Http("async"), Http("stream"), Http("failing")]


def in_a_thread(tenants: list[TenantRef], count: int) -> None:
    chance = random.Random(threading.get_ident())
    for _ in range(count):
        tenant, operation = chance.choice(tenants), chance.choice(THREAD_OPERATIONS)
        try:
            with tenant_context(tenant):
                seen.append((operation.__name__, tenant.schema_name, operation(tenant)))
        except Exception as error:
            failed.append(f"{operation.__name__}: {type(error).__name__}: {error}"[:200])
    give_connections_back()


async def in_a_task(tenants: list[TenantRef], number: int, count: int) -> None:
    chance = random.Random(number)
    for _ in range(count):
        tenant, operation = chance.choice(tenants), chance.choice(TASK_OPERATIONS)
        try:
            with tenant_context(tenant):
                rows = await operation(tenant)
            seen.append((operation.__name__, tenant.schema_name, rows))
        except Exception as error:
            failed.append(f"{operation.__name__}: {type(error).__name__}: {error}"[:200])


def defer(tenants: list[TenantRef], count: int) -> None:
    for number in range(count):
        tenant = tenants[number % len(tenants)]
        with tenant_context(tenant):
            read_job.defer(expected=tenant.schema_name)


async def main() -> None:
    tenants = [TenantRef(None, "acme"), TenantRef(None, "globex")]
    for_jobs, for_threads = OPERATIONS // 10, OPERATIONS * 3 // 10
    for_tasks = OPERATIONS - for_jobs - for_threads
    await in_database(defer, tenants, for_jobs)
    threads = [threading.Thread(target=in_a_thread, args=(tenants, for_threads // THREADS)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    worker = jobs.with_connector(jobs.connector.get_worker_connector())
    async with worker.open_async():
        await asyncio.gather(
            worker.run_worker_async(wait=False, concurrency=10, install_signal_handlers=False),
            *(in_a_task(tenants, number, for_tasks // TASKS) for number in range(TASKS)),
        )
    await asyncio.to_thread(lambda: [thread.join() for thread in threads])
    wrong = [row for row in seen if set(row[2]) != {row[1]}]
    assert current_tenant() is None
    report = {
        "operations": len(seen) + len(failed),
        "wrong": len(wrong),
        "failed": len(failed),
        "kinds": Counter(kind for kind, _, _ in seen),
        "examples": [*map(str, wrong[:3]), *failed[:3]],
    }
    sys.stdout.write(json.dumps(report) + "\n")


asyncio.run(main())
