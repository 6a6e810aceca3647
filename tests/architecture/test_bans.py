"""The ways around the tenant's context are not taken, and the check that says so can see them."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.bans import BANS, Found, broken_bans, is_nameless

ROOT = Path(__file__).resolve().parents[2]
OURS = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("platform", "tenants", "rag", "assistants")
    for path in (ROOT / folder).rglob("*.py")
)


def test_the_check_reads_all_of_the_product():
    assert len(OURS) > 100
    assert {path.split("/")[0] for path in OURS} == {"platform", "tenants", "rag", "assistants"}


@cache
def broken_by_us() -> list[tuple[str, Found]]:
    """The product's files are read once, for all bans."""
    return [broken for path in OURS for broken in broken_bans(path, (ROOT / path).read_text())]


@pytest.mark.parametrize("ban", BANS)
def test_no_module_does_what_is_banned(ban):
    found = [where for name, where in broken_by_us() if name == ban]
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("path", sorted({home for ban in BANS.values() for home in ban.homes}))
def test_whoever_may_do_it_is_there(path):
    assert (ROOT / path).exists()


def test_the_platform_folder_is_no_package():
    assert not (ROOT / "platform" / "__init__.py").exists()
    assert Path(platform.__file__).parent != ROOT / "platform"


def test_every_file_is_named_after_what_it_does():
    assert [path for path in OURS if is_nameless(path)] == []


# -- the check itself

BAD = {
    "registry": [
        "from assistants import AIAssistant\nAIAssistant.get_cls('docs_assistant')",
        "names = [cls.name for cls in AIAssistant.get_cls_registry().values()]",
    ],
    "raw connection": [
        "from django.db import connection\nconnection.connection.execute('SELECT 1')",
        "from django.db import connections\nraw = connections['default'].connection",
        "def f(self):\n    with self.connection.connection.cursor() as cursor:\n        pass",
        "use(connection.connection)",
        "connection.connection == other",
    ],
    "search path": [
        "cursor.execute('SET search_path = acme')",
        "cursor.execute('set  local\\n search_path to acme')",
        "cursor.execute(f'SET search_path = {schema}, public')",
        "SQL = 'SELECT 1; SET SESSION search_path = acme'",
        "cursor.execute(\"SELECT set_config('search_path', %s, false)\", [schema])",
        "cursor.execute(\"SET SCHEMA 'acme'\")",
        "migrations.RunSQL('SET search_path = public')",
    ],
    "thread": [
        "from concurrent.futures import ThreadPoolExecutor",
        "import concurrent.futures\nconcurrent.futures.ThreadPoolExecutor(4)",
        "import concurrent.futures as futures\nfutures.ThreadPoolExecutor(4)",
        "from concurrent import futures\nfutures.ThreadPoolExecutor(4)",
        "import threading\nthreading.Thread(target=work).start()",
        "from threading import Thread as T",
        "import threading as t\nclass Mine(t.Thread): pass",
        "import threading\nthreading.Timer(1, work)",
        "from multiprocessing.pool import ThreadPool",
        "async def f(loop):\n    await loop.run_in_executor(None, work)",
    ],
    "with tenant": [
        "with tenant:\n    pass",
        "with request.tenant as t:\n    pass",
        "with lock, acme_tenant:\n    pass",
        "with Tenant.objects.get(schema_name='acme'):\n    pass",
        "with Tenant(schema_name='acme'):\n    pass",
        "async def f():\n    async with tenant:\n        pass",
    ],
    "sync_to_async": [
        "from asgiref.sync import sync_to_async",
        "from asgiref.sync import iscoroutinefunction, sync_to_async as hop",
        "import asgiref.sync\nasgiref.sync.sync_to_async(f)",
        "from asgiref import sync\nsync.sync_to_async(f)",
        "from asgiref.sync import async_to_sync",
    ],
    "environment": [
        "import os\nos.environ['DATABASE_URL']",
        "import os\nos.getenv('DATABASE_URL')",
        "import os as system\nsystem.environ.get('A')",
        "from os import environ",
        "from os import getenv as read",
    ],
    "async ORM": [
        "async def f():\n    await Thread.objects.aget(pk=1)",
        "async def f(thread):\n    await thread.asave()",
        "async def f():\n    return await Thread.objects.filter(a=1).afirst()",
        "async def f():\n    async for thread in Thread.objects.all():\n        pass",
        "async def f():\n    return [thread async for thread in Thread.objects.filter(a=1)]",
        "async def f(rows):\n    async for row in rows.aiterator():\n        pass",
        "from django.shortcuts import aget_object_or_404",
        "async def f(request):\n    return await request.auser()",
    ],
}

GOOD = {
    "registry": ["from assistants.tenant_assistants import assistant_here\nassistant_here('docs_assistant')"],
    "raw connection": [
        "from django.db import connection\nwith connection.cursor() as cursor:\n    pass",
        "closed = connection.connection is None",
        "if connection.connection is not None and other:\n    connection.close()",
        "self.connection = other",
    ],
    "search path": [
        '"""The backend says SET search_path."""',
        'def f():\n    """Why SET search_path is banned."""',
        "cursor.execute('SHOW search_path')",
        "x = 'a set of schemas'",
        "# SET search_path = acme",
        "SQL = 'CREATE FUNCTION f() SECURITY DEFINER SET search_path = public, pg_temp AS x'",
    ],
    "thread": [
        "import threading\nlock = threading.Lock()",
        "import asyncio\nasync def f():\n    await asyncio.to_thread(work)",
        "from assistants.models import Thread\nThread(name='a conversation')",
    ],
    "with tenant": [
        "with tenant_context(tenant):\n    pass",
        "with tenant_context(tenant.as_ref()), transaction.atomic():\n    pass",
        "with public_context():\n    Tenant.objects.get(pk=1)",
    ],
    "sync_to_async": ["from asgiref.sync import iscoroutinefunction, markcoroutinefunction"],
    "environment": ["import os\nos.getpid()", "from atrium.env import Environment\nEnvironment()['DATABASE_URL']"],
    "async ORM": [
        "async def f():\n    await in_database(Thread.objects.get, pk=1)",
        "async def f(model):\n    async for chunk in model.astream(messages):\n        pass",
        "threads = [thread for thread in Thread.objects.all()]",
    ],
}

ELSEWHERE = "assistants/somewhere.py"


@pytest.mark.parametrize(("ban", "source"), [(ban, source) for ban, sources in BAD.items() for source in sources])
def test_the_check_sees(ban, source):
    assert ban in {name for name, _ in broken_bans(ELSEWHERE, source)}


@pytest.mark.parametrize(("ban", "source"), [(ban, source) for ban, sources in GOOD.items() for source in sources])
def test_the_check_lets_through(ban, source):
    assert broken_bans(ELSEWHERE, source) == []


@pytest.mark.parametrize(("ban", "home"), [(name, home) for name, ban in BANS.items() for home in ban.homes])
def test_the_check_lets_the_one_home_of_a_thing_do_it(ban, home):
    inside = f"{home}base.py" if home.endswith("/") else home
    for source in BAD[ban]:
        assert ban not in {name for name, _ in broken_bans(inside, source)}


def test_it_says_where_and_what_to_do_instead():
    [(_, found)] = broken_bans(ELSEWHERE, "import os\n\nname = os.environ['NAME']")
    assert str(found) == "assistants/somewhere.py:3: declare it in platform/atrium/env.py"


@pytest.mark.parametrize("name", ["utils.py", "helpers.py"])
def test_it_sees_a_file_whose_name_says_nothing(name):
    assert is_nameless(f"rag/search/{name}")
    assert not is_nameless(f"rag/search/query_{name}")
