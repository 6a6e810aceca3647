"""A completion as OpenAI sends it: whole, or as a stream of chunks."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from assistants.api.turns import Started
from assistants.openai_api.conversation import calls_as_json
from assistants.openai_api.errors import error_body, failure
from assistants.runs.turns import as_json_id
from assistants.use_cases.read_completion import BETWEEN_TEXTS, Completion, read_completion
from tenants.database import in_database

DONE = b"data: [DONE]\n\n"


def completion_id(run_id: Any) -> str:
    """The run's id as a completion's."""
    return f"chatcmpl-{run_id}"


def as_json(completion: Completion, model: str) -> dict[str, Any]:
    """The whole completion."""
    message: dict[str, Any] = {"role": "assistant", "content": completion.text, "refusal": None}
    if completion.calls:
        message["tool_calls"] = calls_as_json(completion.calls)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": completion.finish_reason}
    return {
        "id": completion_id(completion.run_id),
        "object": "chat.completion",
        "created": int(completion.created_at.timestamp()),
        "model": model,
        "choices": [choice],
        "usage": usage(completion),
        "atrium": _extension(completion),
    }


def usage(completion: Completion) -> dict[str, Any]:
    """The tokens of all model calls of the run, those of the assistant's own tools' rounds included."""
    return {
        "prompt_tokens": completion.tokens_in,
        "completion_tokens": completion.tokens_out,
        "total_tokens": completion.tokens_in + completion.tokens_out,
        "prompt_tokens_details": {"cached_tokens": completion.tokens_cached},
    }


@dataclass
class ChunkStream:
    """The stream of one completion. ``structured``: only the object at the end is the answer."""

    started: Started
    model: str
    structured: bool
    include_usage: bool
    _created: int = field(default_factory=lambda: int(time.time()))

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The chunks as server-sent events, to ``[DONE]`` or to an error."""
        yield self._delta({"role": "assistant", "content": ""})
        has_said = at_new_text = False
        async for event in self.started.events():
            if error := failure(event, self.started.run_id):
                yield _frame(error_body(error.status, error.code, error.detail, **_plain(error.facts)))
                return
            if event.type == "tool.started":
                at_new_text = has_said
            elif event.type == "message.delta" and not self.structured:
                text = BETWEEN_TEXTS + event.payload["text"] if at_new_text else event.payload["text"]
                has_said, at_new_text = True, False
                yield self._delta({"content": text})
        completion = await in_database(read_completion, self.started.run_id, structured=self.structured)
        for part in self._end(completion):
            yield part

    def _end(self, completion: Completion) -> list[bytes]:
        parts = []
        if self.structured and completion.text:
            parts.append(self._delta({"content": completion.text}))
        for index, call in enumerate(calls_as_json(completion.calls)):
            parts.append(self._delta({"tool_calls": [{"index": index, **call}]}))
        parts.append(self._delta({}, completion.finish_reason, atrium=_extension(completion)))
        if self.include_usage:
            parts.append(self._chunk(choices=[], usage=usage(completion)))
        return [*parts, DONE]

    def _delta(self, delta: dict[str, Any], finish_reason: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        if self.include_usage:
            more["usage"] = None
        return self._chunk(choices=[choice], **more)

    def _chunk(self, **more: Any) -> bytes:
        head = {"id": completion_id(self.started.run_id), "object": "chat.completion.chunk"}
        return _frame({**head, "created": self._created, "model": self.model, **more})


def _extension(completion: Completion) -> dict[str, Any]:
    """What Atrium tells beyond OpenAI's fields; clients pass over it."""
    return {"run_id": as_json_id(completion.run_id), "citations": completion.citations}


def _frame(data: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(data) + b"\n\n"


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, UUID) else value for name, value in facts.items()}
