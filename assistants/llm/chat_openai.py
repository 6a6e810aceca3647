"""LangChain's chat model for OpenAI-compatible servers, with less work for each piece of a streamed reply."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackManager
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, LLMResult
from langchain_core.runnables.config import ensure_config

from assistants.llm.completions import only_text
from assistants.llm.pieces import Pieces, plain_generation, with_facts

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

_OF_A_STRUCTURE = frozenset({"ls_structured_output_format", "structured_output_format"})


def _have_enough(handlers: Any, run_id: UUID) -> bool:
    """True when nobody wants to hear of further pieces."""
    return not any(handler.wants_tokens(run_id) for handler in handlers)


@cache
def chat_openai() -> type[ChatOpenAI]:
    """The class. It has LangChain's name, by which its users and its traces know it."""
    from langchain_openai import ChatOpenAI as LangChains  # half a second; an offline deployment never needs it

    class ChatOpenAI(LangChains):
        """Tells callback handlers of each piece only where one wants to hear of it.

        A handler says so by a method ``wants_tokens(run_id)``, which is asked until it says no. With any other handler
        (a tracer, a project's own), and with options that are rarely used, LangChain's own way is gone.
        """

        def _convert_chunk_to_generation_chunk(
            self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
        ) -> ChatGenerationChunk | None:
            text = None
            if default_chunk_class is AIMessageChunk and not base_generation_info and self.output_version != "v1":
                text = only_text(chunk)
            if text is None:
                return super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
            return plain_generation(text, "openai")

        async def astream(  # type: ignore[override]
            self, input: Any, config: Any = None, *, stop: list[str] | None = None, **kwargs: Any
        ) -> AsyncIterator[AIMessageChunk]:
            """A reply in pieces, as LangChain's."""
            config = ensure_config(config)
            manager = self._told(config, stop, kwargs)
            if manager is None:
                pieces = super().astream(input, config, stop=stop, **kwargs)
            else:
                pieces = self._pieces(manager, self._convert_input(input).to_messages(), config, stop, kwargs)
            async with aclosing(pieces) as open_pieces:  # type: ignore[type-var]
                async for piece in open_pieces:
                    yield piece

        def _told(self, config: Any, stop: list[str] | None, kwargs: dict[str, Any]) -> AsyncCallbackManager | None:
            """Those who are told of the reply; None where LangChain's own way is to be gone."""
            usual = self.rate_limiter is None and self.output_version != "v1" and _OF_A_STRUCTURE.isdisjoint(kwargs)
            if not (usual and self._should_stream(async_api=True, **{**kwargs, "stream": True})):
                return None
            metadata = {**(config.get("metadata") or {}), **self._get_ls_params(stop=stop, **kwargs)}
            manager = AsyncCallbackManager.configure(
                config.get("callbacks"),
                self.callbacks,
                self.verbose,
                config.get("tags"),
                self.tags,
                metadata,
                self.metadata,
            )
            return manager if all(hasattr(each, "wants_tokens") for each in manager.handlers) else None

        async def _pieces(
            self, manager: Any, messages: Any, config: Any, stop: list[str] | None, kwargs: dict[str, Any]
        ) -> AsyncIterator[AIMessageChunk]:
            [run] = await manager.on_chat_model_start(
                self._serialized, [messages], name=config.get("run_name"), run_id=config.get("run_id"), batch_size=1
            )
            name, said, is_heard = f"lc_run--{run.run_id}", Pieces(), True
            piece: Any = None
            try:
                async with aclosing(self._astream(messages, stop=stop, **kwargs)) as generations:  # type: ignore[type-var]
                    async for generation in generations:
                        piece = with_facts(generation, name)
                        is_heard = is_heard and not _have_enough(run.handlers, run.run_id)
                        if is_heard:
                            await run.on_llm_new_token(piece.content, chunk=generation)
                        said.add(piece)
                        yield piece
                if isinstance(piece, AIMessageChunk) and not piece.chunk_position:
                    nothing_more: str | list[str | dict[Any, Any]] = "" if isinstance(piece.content, str) else []
                    yield AIMessageChunk(content=nothing_more, chunk_position="last", id=name)
            except BaseException as error:
                await run.on_llm_error(error, response=_result(said))
                raise
            if piece is None:
                nothing = ValueError("No generation chunks were returned")
                await run.on_llm_error(nothing, response=LLMResult(generations=[]))
                raise nothing
            await run.on_llm_end(_result(said))

    return ChatOpenAI


def _result(said: Pieces) -> LLMResult:
    whole = said.sum()
    return LLMResult(generations=[] if whole is None else [[ChatGenerationChunk(message=whole)]])
