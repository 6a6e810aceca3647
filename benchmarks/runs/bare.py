"""A bare ``langchain-openai`` client, as a project without Atrium would write it; prints what it measured as JSON.

    python -m benchmarks.runs.bare < order.json

The order: ``{"base_url", "turns", "together", "tokens", "pace"}``. So many answers are streamed, ``together`` at a
time. Printed: ``{"asked_at": {id: time}, "cpu": seconds}``: when each was asked (seconds since 1970), and what this
process spent on all of them.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from langchain_openai import ChatOpenAI

from tests.faults.model import Order


async def run(order: dict[str, Any]) -> dict[str, Any]:
    """Stream all answers, and return what was measured."""
    model = ChatOpenAI(model="fake", api_key="fake", base_url=order["base_url"], stream_usage=True)  # type: ignore[arg-type]
    places = asyncio.Semaphore(order["together"])
    asked_at: dict[str, float] = {}

    async def turn(number: int) -> None:
        name = f"bare-{order['tokens']}-{number}"
        question = Order(name, order["tokens"], order["pace"], 0.0).written()
        async with places:
            asked_at[name] = time.time()
            said = [chunk async for chunk in model.astream([("system", "Answer shortly."), ("human", question)])]
        assert said[-1].usage_metadata is not None or any(chunk.usage_metadata for chunk in said)

    await turn(-1)  # what is loaded on first use is loaded
    before = time.process_time()
    await asyncio.gather(*(turn(number) for number in range(order["turns"])))
    return {"asked_at": asked_at, "cpu": time.process_time() - before}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
