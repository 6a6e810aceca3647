"""Chat completions of an OpenAI-compatible server, handed to LangChain as plain dicts.

The SDK checks and copies every message of a request and builds a model object for every piece of a reply: 132 ms of
CPU for 1,000 messages, and most of a short turn's. LangChain wants dicts both ways, so a
streamed reply goes past that. The SDK still does the request: its retries, its time-outs, its errors.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_FOR_THE_SDK = frozenset({"extra_body", "extra_headers", "extra_query", "timeout"})
"""Arguments that are not part of the request's body."""
_END = "[DONE]"
_DRAIN_SECONDS = 1.0


class ChatCompletions:
    """What LangChain's ``ChatOpenAI`` uses as its ``async_client``. Everything but streams is the SDK's own."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client
        self._sdk = client.chat.completions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sdk, name)

    async def create(self, **payload: Any) -> Any:
        """Ask for a reply. ``payload`` is the request's body, messages as dicts. Raises the SDK's errors."""
        if not payload.get("stream") or not _FOR_THE_SDK.isdisjoint(payload):
            return await self._sdk.create(**payload)
        from openai import AsyncStream

        stream = await self._client.post(
            "/chat/completions", cast_to=object, body=payload, stream=True, stream_cls=AsyncStream[object]
        )
        return ReplyStream(stream.response)


class ReplyStream:
    """A streamed reply: an async context manager, and an async iterator over its chunks (dicts).

    Pieces of text that arrive together are one chunk: what came in one go can be shown in one go.
    """

    def __init__(self, response: Any) -> None:
        self._response = response

    async def __aenter__(self) -> ReplyStream:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._response.aclose()

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        rest = ""
        async with aclosing(self._texts()) as texts:
            async for text in texts:
                *events, rest = (rest + text).replace("\r\n", "\n").split("\n\n")
                said = [data for event in events if (data := _data_of(event))]
                for chunk in joined(self._without_error(json.loads(data)) for data in said if data != _END):
                    yield chunk
                if _END in said:
                    await _drain(texts)
                    return

    async def _texts(self) -> AsyncGenerator[str]:
        """The reply's text as it arrives. Raises the SDK's errors for a connection that fails."""
        import openai

        http, request = self._http_library(), self._response.request
        try:
            async for text in self._response.aiter_text():
                yield text
        except http.TimeoutException as error:
            raise openai.APITimeoutError(request=request) from error
        except http.RequestError as error:
            raise openai.APIConnectionError(request=request) from error

    def _http_library(self) -> ModuleType:
        """What the SDK is built on: it has changed that once."""
        return import_module(type(self._response).__module__.partition(".")[0])

    def _without_error(self, chunk: dict[str, Any]) -> dict[str, Any]:
        error = chunk.get("error")
        if not error:
            return chunk
        from openai import APIError

        said = error.get("message") if isinstance(error, dict) else None
        raise APIError(str(said or "An error came in the stream."), request=self._response.request, body=error)


def _data_of(event: str) -> str:
    """What an event says, without its field names (WHATWG HTML, section 9.2)."""
    return "\n".join(line[5:].removeprefix(" ") for line in event.split("\n") if line.startswith("data:"))


async def _drain(texts: AsyncIterator[str]) -> None:
    """Read the response's last bytes, which hold nothing, so that its connection can be used again."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in texts:
                pass


def joined(chunks: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The same chunks, with pieces of nothing but text put together with the text before them.

    Where ``chunks`` raises, what came before that is given first.
    """
    last: dict[str, Any] | None = None
    failure: Exception | None = None
    try:
        for chunk in chunks:
            if last is not None and (text := only_text(chunk)) is not None and only_text(last) is not None:
                last["choices"][0]["delta"]["content"] += text
                continue
            if last is not None:
                yield last
            last = chunk
    except Exception as error:
        failure = error
    if last is not None:
        yield last
    if failure is not None:
        raise failure


def only_text(chunk: dict[str, Any]) -> str | None:
    """The text of a piece of the first choice that says nothing else: no end, no usage, no log probabilities. None
    for every other piece."""
    if chunk.get("usage") or len(chunk.get("choices") or ()) != 1:
        return None
    choice = chunk["choices"][0]
    if choice.get("finish_reason") or choice.get("logprobs") or choice.get("index"):
        return None
    text = None
    for name, value in (choice.get("delta") or {}).items():
        if name == "content":
            text = value
        elif value is not None and (name, value) != ("role", "assistant"):
            return None
    return text if isinstance(text, str) else None
