"""The runs of a process: told apart by tenant, and stopped also when the word comes early."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from assistants.runs import keeper
from assistants.runs import runner as runners
from assistants.runs.active import ActiveRun
from assistants.runs.held import LOST, holding
from assistants.runs.runner import CANCELLED, Runner, ServerStopping
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


async def test_a_server_that_stops_waits_for_a_run_that_is_being_stored(monkeypatch):
    """Between the look whether runs may begin and the run's own task there are round trips to the database."""
    runner, stored, ended = Runner(), asyncio.Event(), list[ActiveRun]()

    async def execute(turn: Any, run: ActiveRun) -> None:
        await asyncio.sleep(0)
        ended.append(run)

    async def begin() -> None:
        with tenant_context(ACME), runner.beginning():
            await stored.wait()
            runner.start(turn(5))

    monkeypatch.setattr(runners, "execute", execute)
    beginning = asyncio.create_task(begin())
    await asyncio.sleep(0)
    draining = asyncio.create_task(runner.drain())
    await asyncio.sleep(0)
    with pytest.raises(ServerStopping), runner.beginning():
        pass
    stored.set()
    await asyncio.gather(beginning, draining)
    assert [run.stopped_by for run in ended] == [""]


async def test_a_run_that_is_stored_for_too_long_does_not_hold_up_a_server_that_stops(started, monkeypatch):
    runner = Runner()
    with runner.beginning():
        await drained(runner, monkeypatch)
    assert started == []


async def test_a_run_that_has_gone_on_while_leases_were_renewed_is_not_lost(monkeypatch):
    """It has waited for a person and ended its lease; then it went on with a new one, unseen by that renewal."""
    asked, renewed = asyncio.Event(), asyncio.Event()

    async def work(run: ActiveRun, goes_on: asyncio.Event) -> None:
        with tenant_context(ACME), holding(5, run):
            await goes_on.wait()

    async def nothing_is_renewed(renew: Any, keys: Any) -> set[Any]:
        asked.set()
        await renewed.wait()
        return set(keys)

    monkeypatch.setattr(keeper, "in_database", nothing_is_renewed)
    waits, ends = asyncio.Event(), asyncio.Event()
    before, after = ActiveRun(), ActiveRun()
    first = asyncio.create_task(work(before, waits))
    await asyncio.sleep(0)
    beat = asyncio.create_task(keeper.Keeper(lambda: False)._beat())
    await asked.wait()
    waits.set()
    await first
    second = asyncio.create_task(work(after, ends))
    await asyncio.sleep(0)
    renewed.set()
    await beat
    assert (before.stopped_by, after.stopped_by) == ("", "")
    await keeper.Keeper(lambda: False)._beat()  # and this one is
    assert after.stopped_by == LOST
    await asyncio.wait([second])
