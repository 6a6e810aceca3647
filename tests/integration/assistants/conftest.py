"""Chat models that misbehave on purpose, in the place of the deployment's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from assistants import assistants
from tests.waiting import PATIENCE


class ScriptedModel(BaseChatModel):
    """Says ``pieces`` one by one, with a pause before each, and then raises ``error`` if there is one."""

    pieces: list[str] = []
    pause: float = 0.0
    error: Any = None
    done: Any = None

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for piece in self.pieces:
            await asyncio.sleep(self.pause)
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        if self.error is not None:
            raise self.error
        if self.done is not None:
            self.done.set()


@pytest.fixture
def use_model(monkeypatch):
    def use(model: BaseChatModel) -> BaseChatModel:
        monkeypatch.setattr(assistants, "chat_model", lambda *args, **kwargs: model)
        return model

    return use


@pytest.fixture
def somewhere() -> Iterator[None]:
    """A tenant's context without a database."""
    from tenants.context import tenant_context
    from tests.somewhere import SOMEWHERE

    with tenant_context(SOMEWHERE):
        yield


@pytest.fixture
def registry() -> Iterator[dict[str, Any]]:
    """The assistants by id; those that the test defines are forgotten after it."""
    from assistants import AIAssistant

    known = AIAssistant.get_cls_registry()
    before = dict(known)
    yield known
    known.clear()
    known.update(before)


class UnhurriedModel(ScriptedModel):
    """Pauses before each piece, as long as nobody tells it to hurry."""

    hurry: Any = None

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for piece in self.pieces:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.hurry.wait(), self.pause)
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        self.done.set()


class SlowModel:
    """A model that takes a second, until it is told otherwise; and whether it has come to its end."""

    def __init__(self, use: Any) -> None:
        self.done = asyncio.Event()
        self._hurry = asyncio.Event()
        self._model = use(UnhurriedModel(pieces=["word "] * 20, pause=0.05, done=self.done, hurry=self._hurry))

    def hurry(self) -> None:
        """Say at once what is left, and all of the answers to come."""
        self._hurry.set()

    def hold(self, pause: float = PATIENCE) -> None:
        """Pause so many seconds before each word to come, or say none until it is told to hurry: however long the test
        takes meanwhile."""
        self._hurry.clear()
        self._model.pause = pause

    async def finished(self) -> None:
        from assistants.runs.runner import runner

        self.hurry()
        await asyncio.wait_for(self.done.wait(), PATIENCE)
        await runner.drain()


@pytest.fixture
async def slow_model(use_model) -> SlowModel:
    return SlowModel(use_model)


class WaitingModel(ScriptedModel):
    """Says one word, and the rest when it is told to go on."""

    go_on: Any = None

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(content="Half "))
        await self.go_on.wait()
        yield ChatGenerationChunk(message=AIMessageChunk(content="of it."))


@pytest.fixture
async def waiting_model(use_model) -> WaitingModel:
    return use_model(WaitingModel(go_on=asyncio.Event()))


@pytest.fixture
def failing_model(use_model) -> Iterator[BaseChatModel]:
    import httpx
    import openai

    request = httpx.Request("POST", "http://model.invalid/v1/chat/completions")
    return use_model(ScriptedModel(error=openai.APIConnectionError(message="key secret", request=request)))


@pytest.fixture
def cut_model(use_model) -> BaseChatModel:
    import httpx

    return use_model(ScriptedModel(pieces=["Half ", "of"], error=httpx.RemoteProtocolError("cut")))


@pytest.fixture
async def sdk(server) -> AsyncIterator[Any]:
    """Makes clients of the official openai package for a tenant; only the address and the key are ours."""
    from openai import AsyncOpenAI

    made: list[AsyncOpenAI] = []

    def client(tenant: Any, key: str | None = None) -> AsyncOpenAI:
        address = f"http://127.0.0.1:{server.port}/v1"
        host = {"Host": f"{tenant.host}:{server.port}"}
        made.append(AsyncOpenAI(base_url=address, api_key=key or tenant.api_key, default_headers=host))
        return made[-1]

    yield client
    for each in made:
        await each.close()
