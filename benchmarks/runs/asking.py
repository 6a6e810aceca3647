"""Clients that stream answers from Atrium, in a process of their own; prints what they measured as JSON.

    python -m benchmarks.runs.asking < order.json

The order: ``{"port", "host", "key", "assistant", "threads", "together", "tokens", "pace", "label"}``. Each thread is
asked once, ``together`` at a time. Printed: ``{"asked_at": {id: time}}``, in seconds since 1970.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import httpx

from tests.faults.model import Order


async def run(order: dict[str, Any]) -> dict[str, Any]:
    """Ask in all threads, and return when each was asked."""
    places = asyncio.Semaphore(order["together"])
    asked_at: dict[str, float] = {}
    base = f"http://127.0.0.1:{order['port']}/api/threads"
    headers = {
        "Host": f"{order['host']}:{order['port']}",
        "Authorization": f"Bearer {order['key']}",
        "Accept": "text/event-stream",
    }
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=order["together"])

    async with httpx.AsyncClient(limits=limits, timeout=120, trust_env=False, headers=headers) as client:

        async def turn(number: int, thread: str) -> None:
            name = f"{order['label']}-{number}"
            question = Order(name, order["tokens"], order["pace"], 0.0).written()
            body = {"assistant_id": order["assistant"], "content": question}
            async with places:
                asked_at[name] = time.time()
                answer = await client.post(f"{base}/{thread}/messages/", json=body)
            assert "event: run.done" in answer.text, answer.text[-500:]

        await asyncio.gather(*(turn(number, thread) for number, thread in enumerate(order["threads"])))
    return {"asked_at": asked_at}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
