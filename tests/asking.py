"""Asking scripted models for a reply, in virtual time, and what came of it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

from assistants.llm.resilience.breaker import CircuitBreaker
from assistants.llm.resilience.identity import breaker_key_for
from assistants.llm.resilience.policy import BreakerRule, CallPolicy
from assistants.llm.resilience.stream import stream_reply
from tests import virtual_time
from tests.scripted_model import ScriptedModel

POLICY = CallPolicy(
    first_token=10, between_tokens=5, total=100, retries=2, backoff_base=1, backoff_cap=4, breaker=BreakerRule(50)
)
EPOCH = 1_700_000_000.0  # the wall clock when the virtual one is 0: Tue, 14 Nov 2023 22:13:20 GMT


class Asked:
    """What came of asking: ``text``, ``error``, when it ended, and how long was slept for retries."""

    def __init__(self) -> None:
        self.pieces: list[Any] = []
        self.error: BaseException | None = None
        self.took = 0.0
        self.slept: list[float] = []

    @property
    def text(self) -> str:
        return "".join(piece.content for piece in self.pieces)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(seconds)


def ask(
    *models: ScriptedModel,
    policy: CallPolicy = POLICY,
    breaker: CircuitBreaker | None = None,
    pause: float = 0.0,
    chance: float = 1.0,
) -> Asked:
    """Ask the models; ``pause`` is what the reader takes for each piece."""
    asked = Asked()

    async def body() -> None:
        machinery = {
            "breaker": breaker or CircuitBreaker(virtual_time.now),
            "clock": virtual_time.now,
            "wall_clock": lambda: EPOCH + virtual_time.now(),
            "sleep": asked.sleep,
            "chance": lambda: chance,
        }
        factories = [lambda model=model: model for model in models]
        try:
            async with aclosing(
                stream_reply(factories, "hello", policy, breaker_key_for("acme"), **machinery)
            ) as reply:
                async for piece in reply:
                    asked.pieces.append(piece)
                    await asyncio.sleep(pause)
        except Exception as error:
            asked.error = error
        asked.took = virtual_time.now()

    virtual_time.run(body())
    return asked
