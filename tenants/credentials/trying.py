"""A small real call of a provider, and what is wrong with it in a person's words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from tenants.credentials.errors import CredentialUnreadable
from tenants.credentials.in_force import Provider
from tenants.errors import AtriumError
from tenants.network import FetchFailed, UrlTooLarge, UrlUnreachable, default_guard, guarded_async_client
from tenants.network.bodies import ACCEPTED, read_body

SECONDS = 30.0  # for one call
_MOST_BYTES = 2_000_000
_QUESTION = "Reply with the word: ready"

Part = Literal["chat", "embeddings"]


@dataclass(frozen=True, slots=True)
class Check:
    """What came of one call. ``code`` is "ok" or says what is wrong; ``message`` says it, and what to do, in words."""

    part: Part
    code: str
    message: str

    @property
    def ok(self) -> bool:
        """Whether it works."""
        return self.code == "ok"


async def try_provider(provider: Provider) -> list[Check]:
    """Ask for a short answer, for a vector, or for both, as far as the credential names models."""
    checks = []
    if provider.chat_model:
        checks.append(await _try(provider, "chat", provider.chat_model))
    if provider.embedding_model:
        checks.append(await _try(provider, "embeddings", provider.embedding_model))
    return checks


@dataclass(frozen=True, slots=True)
class _Said:
    status: int
    body: Any
    """What the JSON says; None where it is none."""


async def _try(provider: Provider, part: Part, model: str) -> Check:
    try:
        said = await _ask(provider, part, model)
    except CredentialUnreadable:
        return Check(part, "credential_unreadable", "The stored key cannot be read any more. Enter the key again.")
    except (TimeoutError, httpx.TimeoutException):
        return Check(part, "too_slow", f"The server did not answer within {SECONDS:g} seconds.")
    except UrlUnreachable as error:
        return Check(part, error.code, error.detail)
    except (FetchFailed, UrlTooLarge):
        return _not_compatible(part)
    except AtriumError as error:
        return Check(part, error.code, error.detail)
    except httpx.RequestError:
        return Check(part, "unreachable", "Nothing answers at the base URL. Check it, and whether the server runs.")
    if 200 <= said.status < 300:
        return _read_chat(said, model) if part == "chat" else _read_vector(said, provider)
    return _refusal(part, said, model)


async def _ask(provider: Provider, part: Part, model: str) -> _Said:
    base = provider.base_url.rstrip("/")
    default_guard().check_url(base)
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "chat": ("/chat/completions", {"messages": [{"role": "user", "content": _QUESTION}]}),
        "embeddings": ("/embeddings", {"input": [_QUESTION], "encoding_format": "float"}),
    }
    path, content = calls[part]
    headers = {"Authorization": f"Bearer {provider.key}", "Accept-Encoding": ACCEPTED, "User-Agent": "Atrium"}
    async with (
        asyncio.timeout(SECONDS),
        guarded_async_client(timeout=SECONDS) as client,
        client.stream("POST", base + path, json={"model": model, **content}, headers=headers) as response,
    ):
        body = await read_body(response.aiter_raw(), response.headers.get("content-encoding", ""), _MOST_BYTES)
    try:
        return _Said(response.status_code, json.loads(body))
    except ValueError:
        return _Said(response.status_code, None)


def _read_chat(said: _Said, model: str) -> Check:
    try:
        message = said.body["choices"][0]["message"]
        assert isinstance(message, dict)
    except (AssertionError, IndexError, KeyError, TypeError):
        return _not_compatible("chat")
    return Check("chat", "ok", f"{model} answers.")


def _read_vector(said: _Said, provider: Provider) -> Check:
    try:
        length = len(said.body["data"][0]["embedding"])
    except (IndexError, KeyError, TypeError):
        return _not_compatible("embeddings")
    if length != provider.embedding_dimension:
        wrong = f"{provider.embedding_model} makes vectors of {length} numbers: enter {length} as the dimension."
        return Check("embeddings", "wrong_dimension", wrong)
    return Check("embeddings", "ok", f"{provider.embedding_model} makes vectors of {length} numbers.")


def _refusal(part: Part, said: _Said, model: str) -> Check:
    status = said.status
    if status in (401, 403):
        return Check(part, "key_refused", f"The server refuses the key ({status}). Enter the right one.")
    if status == 402:
        return Check(part, "no_credit", "The provider's account has no credit left (402).")
    if _names_unknown_model(said):
        return Check(part, "model_unknown", f"The server has no model {model} ({status}), or not for this key.")
    if 300 <= status < 400:
        return Check(part, "redirected", f"The server sends callers elsewhere ({status}). Enter the address itself.")
    if status in (404, 405):
        return _not_compatible(part, f" ({status})")
    if status == 429:
        return Check(part, "busy", "The key is right, but its rate limit or quota is used up (429).")
    if status >= 500:
        return Check(part, "server_error", f"The server failed ({status}). Try again later.")
    return Check(part, "refused", f"The server refuses the request ({status}). It may not have {part} for this model.")


def _names_unknown_model(said: _Said) -> bool:
    """Whether a refusal is about the model: by the protocol's code, or as vLLM, Ollama and others put it."""
    if said.status not in (400, 404, 422) or not isinstance(said.body, dict):
        return False
    error = said.body.get("error", said.body)
    if isinstance(error, dict) and error.get("code") == "model_not_found":
        return True
    text = str(error.get("message", "") if isinstance(error, dict) else error).lower()
    return "model" in text and any(each in text for each in ("not found", "not exist", "unknown", "no such", "invalid"))


def _not_compatible(part: Part, status: str = "") -> Check:
    return Check(
        part,
        "not_openai_compatible",
        f"What answers at the base URL does not speak OpenAI's protocol{status}. The address often ends in /v1.",
    )


def problems_of(checks: Sequence[Check]) -> str:
    """What is wrong, in one text; "" where all works."""
    return " ".join(check.message for check in checks if not check.ok)
