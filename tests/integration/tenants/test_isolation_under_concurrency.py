"""No operation sees another tenant's rows, however threads and tasks interleave; the stock backend does."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

from assistants.models import Thread
from tenants.context import tenant_context


def run_leaks(database_url: str, **environment: str) -> dict:
    """Run ``python -m tests.leaks`` in a process of its own and return its report."""
    path = f"{settings.BASE_DIR / 'platform'}{os.pathsep}{settings.BASE_DIR}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.leaks"],
        env={
            **os.environ,
            "PYTHONPATH": path,
            "DATABASE_URL": database_url,
            "DJANGO_SETTINGS_MODULE": "tests.leaks.settings",
            "ATRIUM_LOG_LEVEL": "CRITICAL",
            **environment,
        },
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.stdout.strip(), done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture
def marked_tenants(acme, globex) -> None:
    for tenant in (acme, globex):
        with tenant_context(tenant.ref):
            Thread.objects.create(name=tenant.ref.schema_name)


EVERY_WAY = {
    *("plain", "nested", "raising", "sync_graph"),
    *("hop", "stock_hop", "async_graph", "sync", "async", "stream", "failing", "job"),
}


def test_it_sees_no_wrong_row_in_2000_operations(marked_tenants, database_url):
    report = run_leaks(database_url)
    assert report["wrong"] == 0, report
    assert report["failed"] == 0, report
    assert report["operations"] >= 1990
    assert set(report["kinds"]) == EVERY_WAY


def test_it_would_notice_the_stock_backend(marked_tenants, database_url):
    # Fewer operations and little patience: the stock backend also strands connections until the pool is empty.
    report = run_leaks(database_url, LEAKS_BACKEND="stock", LEAKS_OPERATIONS="500", ATRIUM_DATABASE_TIMEOUT="0.2")
    assert report["wrong"] > 0, report
