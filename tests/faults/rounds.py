"""One round: clients ask, something goes wrong, and all is looked at afterwards."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

import psycopg

from tests.faults import judge
from tests.faults.chatter import Asked, Chatter, Way
from tests.faults.deployment import Deployment
from tests.faults.kinds import Kind
from tests.faults.model import Order

CLIENTS = 5
CHANGED = 0.7  # of the questions meet the model's fault; the others show that it stays where it is
WAYS: tuple[Way, ...] = ("stream", "stream", "wait", "background")
END_WITHIN = 60.0  # seconds after the fault in which every run must have ended


@dataclass
class Outcome:
    """What came of a round. ``ended_after``: seconds from the fault until no run was active any more."""

    number: int
    kind: str
    outcomes: dict[str, int] = field(default_factory=dict)
    ended_after: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


async def play(
    deployment: Deployment, kind: Kind, number: int, seed: int, *, clients: int = CLIENTS, changed: float = CHANGED
) -> Outcome:
    """Play a round of this kind. The same number and seed choose the same victims, moments and orders."""
    chance = random.Random(f"{seed}/{number}/{kind.name}")
    outcome = Outcome(number, kind.name)
    chatter = Chatter(deployment, chance)
    try:
        asked = [await _question(deployment, chatter, kind, chance, changed) for _ in range(clients)]
        began = time.monotonic()
        await asyncio.gather(_act(deployment, kind, chance), *(_ask(chatter, each, kind, chance) for each in asked))
        outcome.wrong += await _wait_for_ends(deployment, began)
        outcome.ended_after = round(time.monotonic() - began, 1)
        outcome.wrong += await _look(deployment, chatter, kind, asked, outcome)
        outcome.wrong += await _ask_again(chatter, asked)
    finally:
        await chatter.close()
    return outcome


async def _question(
    deployment: Deployment, chatter: Chatter, kind: Kind, chance: random.Random, changed: float
) -> Asked:
    order = Order(id=f"q-{uuid4().hex}", tokens=chance.randint(15, 40), pace=chance.uniform(0.03, 0.07))
    if kind.change is not None and chance.random() < changed:
        order = kind.change(order, chance)
    tenant = chance.choice(deployment.tenants)
    return Asked(tenant, await chatter.new_thread(tenant), order, chance.choice(WAYS))


async def _act(deployment: Deployment, kind: Kind, chance: random.Random) -> None:
    if kind.act is not None:
        await asyncio.sleep(chance.uniform(0.05, 2.0))
        await kind.act(deployment, chance)
        await asyncio.to_thread(deployment.heal)


async def _ask(chatter: Chatter, asked: Asked, kind: Kind, chance: random.Random) -> None:
    await asyncio.sleep(chance.uniform(0, 0.5))
    if kind.leave:
        # Often within the first milliseconds: while the question is being stored.
        await chatter.ask_and_leave(asked, chance.choice([chance.uniform(0, 0.04), chance.uniform(0, 2)]))
    else:
        await chatter.ask(asked)


async def _wait_for_ends(deployment: Deployment, began: float) -> list[str]:
    """Wait until no run is active; what is wrong if that does not come."""
    schemas = [tenant.schema for tenant in deployment.tenants]
    left = -1
    while time.monotonic() < began + END_WITHIN:
        try:
            left = await asyncio.to_thread(judge.active_runs, deployment.database, schemas)
        except psycopg.Error:
            left = -1
        if left == 0:
            return []
        await asyncio.sleep(0.2)
    return [f"{left} runs have not ended {END_WITHIN:.0f} s after the fault"]


async def _look(
    deployment: Deployment, chatter: Chatter, kind: Kind, asked: Sequence[Asked], outcome: Outcome
) -> list[str]:
    calls = deployment.calls()
    found: list[str] = []
    outcomes: Counter[str] = Counter()
    for each in asked:
        runs = await asyncio.to_thread(judge.stored_runs, deployment.database, each)
        about = [call for call in calls if call["id"] == each.order.id]
        found += judge.wrong_with(each, runs, about, exact=kind.spares_processes)
        outcomes.update(run.outcome for run in runs)
        if not runs:
            outcomes["not accepted"] += 1
            continue
        if (again := await chatter.post_again(each)) != runs[0].id:
            found.append(f"the same key again began another run: {again[:200]}")
        if each.way == "stream" and not kind.leave:
            found += judge.wrong_with_stream(each, await chatter.log_of(each))
    outcome.outcomes = dict(outcomes)
    return found


async def _ask_again(chatter: Chatter, asked: Sequence[Asked]) -> list[str]:
    """A new question in every thread: it is accepted at once, and answered."""
    again = [Asked(each.tenant, each.thread, Order(f"again-{uuid4().hex}", 3, 0.0, 0.0), "wait") for each in asked]
    return [found for each in await asyncio.gather(*(_answered(chatter, each) for each in again)) for found in each]


async def _answered(chatter: Chatter, asked: Asked) -> list[str]:
    """Ask until the model has answered: a provider that failed a moment ago may be left in peace for a while."""
    deadline = time.monotonic() + END_WITHIN
    while True:
        await chatter.ask(asked)
        if asked.problem:
            return [f"a new question in the thread: {asked.problem}"]
        status = await chatter.status_of(asked)
        if status == "completed":
            return []
        if time.monotonic() > deadline:
            return [f"a new question in the thread ended as {status}, for a minute"]
        asked = Asked(asked.tenant, asked.thread, asked.order, "wait")
        await asyncio.sleep(1)
