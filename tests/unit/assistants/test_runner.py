"""The runs of a process: told apart by tenant, and stopped also when the word comes early."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from assistants.runs import runner as runners
from assistants.runs.active import ActiveRun
from assistants.runs.runner import CANCELLED, Runner
from tenants.context import TenantRef, tenant_context

ACME, GLOBEX = TenantRef(1, "acme"), TenantRef(2, "globex")


@pytest.fixture
def started(monkeypatch) -> list[ActiveRun]:
    """The runs that were executed; each goes on until it is stopped."""
    runs: list[ActiveRun] = []

    async def execute(turn: Any, run: ActiveRun) -> None:
        runs.append(run)
        await asyncio.sleep(60)

    monkeypatch.setattr(runners, "execute", execute)
    return runs


def turn(run_id: int) -> Any:
    return SimpleNamespace(run_id=run_id)


async def drained(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "DRAIN_TIMEOUT", 0.01)
    await runner.drain()


async def test_a_run_of_one_tenant_is_not_found_by_anothers_number(started, monkeypatch):
    runner = Runner()
    with tenant_context(ACME):
        run = runner.start(turn(5))
        assert runner.active(5) is run
    with tenant_context(GLOBEX):
        assert runner.active(5) is None
        assert not runner.cancel(5)
    assert run.stopped_by == ""
    await drained(runner, monkeypatch)


async def test_a_run_that_is_cancelled_before_it_begins_is_stopped_when_it_does(started, monkeypatch):
    runner = Runner()
    with tenant_context(ACME):
        assert not runner.cancel(5)
        other, run = runner.start(turn(4)), runner.start(turn(5))
        await asyncio.sleep(0.01)
        assert (run.stopped_by, other.stopped_by) == (CANCELLED, "")
        assert runner.active(5) is None
        assert runner.start(turn(5)).stopped_by == ""  # it counts once
    await drained(runner, monkeypatch)
