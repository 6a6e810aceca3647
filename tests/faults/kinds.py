"""The faults: what each does to the deployment, or asks of the model."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from tests.faults.deployment import DEAD_AFTER, Deployment, Process
from tests.faults.model import Order

Act = Callable[[Deployment, random.Random], Awaitable[None]]
Change = Callable[[Order, random.Random], Order]


@dataclass(frozen=True)
class Kind:
    """One kind of fault. ``act`` happens while answers are being written; ``change`` is done to a part of the
    questions before they are asked; with ``leave`` the clients go away and do not come back."""

    name: str
    meaning: str
    act: Act | None = None
    change: Change | None = None
    leave: bool = False

    @property
    def spares_processes(self) -> bool:
        """True where no process of the deployment dies or stops, so that no call of the model is made in vain."""
        return self.act is None and not self.leave


async def web_killed(deployment: Deployment, chance: random.Random) -> None:
    victim = chance.choice(deployment.web)
    await asyncio.to_thread(victim.kill)
    await asyncio.sleep(chance.choice([0, 1, DEAD_AFTER + 1]))


async def all_web_killed(deployment: Deployment, chance: random.Random) -> None:
    for victim in deployment.web:
        await asyncio.to_thread(victim.kill)
    await asyncio.sleep(chance.uniform(0, 2))


async def web_told_to_end(deployment: Deployment, chance: random.Random) -> None:
    victim = chance.choice(deployment.web)
    victim.send(signal.SIGTERM)
    await asyncio.to_thread(victim.wait)


async def web_paused(deployment: Deployment, chance: random.Random) -> None:
    await _pause(chance.choice(deployment.web), DEAD_AFTER + chance.uniform(0.5, 3))


async def worker_killed(deployment: Deployment, chance: random.Random) -> None:
    await asyncio.to_thread(deployment.worker.kill)
    await asyncio.sleep(chance.uniform(0, 1))


async def postgres_restarted(deployment: Deployment, chance: random.Random) -> None:
    await _without_database(deployment, 0.0, "fast")


async def postgres_crashed(deployment: Deployment, chance: random.Random) -> None:
    await _without_database(deployment, chance.uniform(0, 1), "immediate")


async def postgres_away(deployment: Deployment, chance: random.Random) -> None:
    await _without_database(deployment, DEAD_AFTER + chance.uniform(0.5, 4), "fast")


async def model_gone(deployment: Deployment, chance: random.Random) -> None:
    await asyncio.to_thread(deployment.model.kill)
    await asyncio.sleep(chance.uniform(0, 6))


def slow(order: Order, chance: random.Random) -> Order:
    return replace(order, first=chance.uniform(1, 4), pace=chance.uniform(0.1, 0.2))


def silent(order: Order, chance: random.Random) -> Order:
    return replace(order, fault="silent", after=chance.choice([0, chance.randrange(order.tokens)]), times=9)


def cut(order: Order, chance: random.Random) -> Order:
    return replace(order, fault="cut", after=chance.randrange(order.tokens), times=chance.choice([1, 9]))


def too_many(order: Order, chance: random.Random) -> Order:
    return replace(order, fault="429", times=chance.choice([1, 2, 9]))


def broken(order: Order, chance: random.Random) -> Order:
    return replace(order, fault="500", times=chance.choice([1, 2, 9]))


def garbage(order: Order, chance: random.Random) -> Order:
    return replace(order, fault="garbage", after=chance.randrange(3), times=chance.choice([1, 9]))


KINDS = (
    Kind("web process killed", "`kill -9` of one of two web processes", web_killed),
    Kind("all web processes killed", "`kill -9` of both", all_web_killed),
    Kind("web process told to end", "`SIGTERM`, as at a new release", web_told_to_end),
    Kind("web process paused", "`SIGSTOP` for longer than it takes to be held for dead, then `SIGCONT`", web_paused),
    Kind("worker killed", "`kill -9` of the job worker", worker_killed),
    Kind("PostgreSQL restarted", "a fast restart, which ends all sessions", postgres_restarted),
    Kind("PostgreSQL crashed", "an immediate stop, then recovery", postgres_crashed),
    Kind("PostgreSQL away", "stopped for longer than it takes to be held for dead", postgres_away),
    Kind("model gone", "`kill -9` of the model server; back within six seconds", model_gone),
    Kind("model slow", "up to 4 s before the first word, up to 0.2 s between two", change=slow),
    Kind("model silent", "says nothing more, from the beginning or in mid-answer", change=silent),
    Kind("model cut", "the connection ends in mid-answer", change=cut),
    Kind("model 429", "too many requests, once, twice or always", change=too_many),
    Kind("model 500", "a fault on the model's side, once, twice or always", change=broken),
    Kind("model garbage", "bad JSON, a bad chunk, or no HTTP at all", change=garbage),
    Kind("client gone", "clients leave at any moment, and do not come back", leave=True),
)


async def _pause(process: Process, seconds: float) -> None:
    process.send(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    process.send(signal.SIGCONT)


async def _without_database(deployment: Deployment, seconds: float, how: str) -> None:
    await asyncio.to_thread(deployment.database.stop, how)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(deployment.database.start)
