"""The models of a turn: the assistant's own, and those that are asked when it fails; and how they are asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk

from assistants.graph.own_code import MODEL_METHODS, call
from assistants.llm.resilience.identity import BreakerKey, breaker_key_for, name_of
from assistants.llm.resilience.policy import CallPolicy, call_policy
from assistants.llm.resilience.stream import ModelFactory, invoke_reply, stream_reply
from tenants.context import active_schema
from tenants.credentials.in_force import Providers, aproviders, providers

if TYPE_CHECKING:
    from assistants.assistants import AIAssistant


async def own_model(assistant: AIAssistant) -> BaseChatModel:
    """What the assistant's ``get_llm`` gives."""
    return await call(assistant, "get_llm", *MODEL_METHODS)


async def with_fallbacks(
    assistant: AIAssistant, own: Any, bound: Callable[[BaseChatModel], Any] = lambda llm: llm
) -> list[ModelFactory]:
    """``own``, and then the assistant's fallback models, each made when its turn comes and ``bound`` as ``own`` is."""
    names = await call(assistant, "get_fallback_models")
    others = [name for name in names if name != name_of(own)]
    return [lambda: own, *(partial(_fallback, assistant, name, bound) for name in others)]


async def _fallback(assistant: AIAssistant, name: str, bound: Callable[[BaseChatModel], Any]) -> Any:
    return bound(await call(assistant, "get_fallback_llm", *MODEL_METHODS, given=(name,)))


def streamed(models: Sequence[ModelFactory], prompt: Any) -> AsyncGenerator[AIMessageChunk]:
    """A reply in pieces, by the deployment's policy, for the tenant in force (see ``stream_reply``)."""
    return stream_reply(models, prompt, call_policy(), _breaker_key(providers()))


async def whole(
    models: Sequence[ModelFactory],
    prompt: Any,
    policy: CallPolicy | None = None,
    check: Callable[[Any], None] = lambda found: None,
) -> Any:
    """A reply at once: a message, or an object of a wanted structure (see ``invoke_reply``)."""
    key = _breaker_key(await aproviders())
    return await invoke_reply(models, prompt, policy or call_policy(), key, check)


def _breaker_key(found: Providers) -> Callable[[Any], BreakerKey]:
    credential = "" if found.chat is None else "{1}/{2}".format(*found.chat.identity)
    return breaker_key_for(active_schema().schema_name, credential)
