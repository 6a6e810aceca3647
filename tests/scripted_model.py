"""A model that does as it is told, and the errors that providers' clients raise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
from langchain_core.messages import AIMessage, AIMessageChunk

REQUEST = httpx.Request("POST", "http://model.invalid/v1/chat/completions")
ROLE = AIMessageChunk("", response_metadata={"model_provider": "openai"})
FINISH = AIMessageChunk("", response_metadata={"model_provider": "openai", "finish_reason": "stop"})


class ScriptedModel:
    """Replies with one script a call, the last one again and again.

    In a script a number is a pause in seconds, a string a piece of text, an exception is raised, and anything else
    is said as it is.
    """

    def __init__(self, *scripts: list[Any], name: str = "scripted") -> None:
        self.scripts = scripts
        self.model_name = name
        self.calls = 0
        self.closed = 0

    def script_of(self, call: int) -> list[Any]:
        return self.scripts[min(call, len(self.scripts) - 1)]

    async def astream(self, prompt: Any) -> AsyncIterator[Any]:
        script = self.script_of(self.calls)
        self.calls += 1
        try:
            for step in script:
                if isinstance(step, (int, float)):
                    await asyncio.sleep(step)
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield AIMessageChunk(step) if isinstance(step, str) else step
        finally:
            self.closed += 1

    async def ainvoke(self, prompt: Any) -> AIMessage:
        return AIMessage("".join([chunk.content async for chunk in self.astream(prompt)]))


def refused(status: int, **headers: str) -> openai.APIStatusError:
    """What openai's client raises for an HTTP status."""
    response = httpx.Response(status, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response.request = REQUEST
    return openai.APIStatusError("key sk-secret was wrong", response=response, body={"message": "sk-secret"})


def unreachable() -> openai.APIConnectionError:
    """What openai's client raises for a server that is not there."""
    return openai.APIConnectionError(message="no route for sk-secret", request=REQUEST)
