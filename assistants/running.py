"""Running an assistant from Python: as a Runnable, in a thread or without one, and as a tool of another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool

from assistants.assistants import AIAssistant
from assistants.graph.state import Reporter, TurnContext
from assistants.graph.structured import as_message
from assistants.graph.turn import turn_graph
from assistants.messages import text_of
from tenants.actors import Actor, acting_actor, acting_as
from tenants.context import require_tenant
from tenants.database import in_database
from tenants.sync_bridge import from_sync


class AssistantGraph(Runnable[dict[str, Any], dict[str, Any]]):
    """An assistant, ready to be asked: over ``{"input": text}``, to ``{"input", "output", "history", "messages"}``."""

    def __init__(self, assistant: AIAssistant, thread_id: Any | None = None) -> None:
        self._assistant = assistant
        self._thread_id = thread_id

    def invoke(self, input: dict[str, Any], config: RunnableConfig | None = None, **kwargs: Any) -> dict[str, Any]:
        """Ask from synchronous code: database work stays on this thread, and so in its transaction."""
        return from_sync(self.ainvoke, input, config, **kwargs)

    async def ainvoke(
        self,
        input: dict[str, Any],
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Ask. Raises what the model or a misconfigured assistant raises; the question is stored before."""
        return await self._ask(input, Reporter())

    async def astream_text(self, message: Any) -> AsyncGenerator[str]:
        """The answer's text, in the pieces in which the model says it."""
        reporter = _Queueing()
        asking = asyncio.create_task(self._ask({"input": message}, reporter))
        asking.add_done_callback(lambda _: reporter.pieces.put_nowait(None))
        try:
            while (piece := await reporter.pieces.get()) is not None:
                yield piece
            await asking
        finally:
            asking.cancel()

    async def _ask(self, given: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
        if self._thread_id is None:
            return await ask(self._assistant, given, reporter)
        from assistants.runs.direct import ask_in_thread

        return await ask_in_thread(self._assistant, self._thread_id, given, reporter)


class _Queueing(Reporter):
    """Puts the pieces of text into a queue; None ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: asyncio.Queue[str | None] = asyncio.Queue()

    def text(self, piece: str) -> None:
        """Queue the piece."""
        self.pieces.put_nowait(piece)


async def ask(assistant: AIAssistant, given: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """A turn without a thread: nothing is read and nothing stored."""
    if assistant._actor is None and acting_actor() is None and assistant._user is not None:
        await in_database(assistant.get_actor)  # reads the member's roles, here and not on the event loop
    with acting_as(assistant.get_actor()):
        state = await turn_graph().ainvoke(given, context=TurnContext(assistant, reporter=reporter))
    return {**given, **state}


def actor_of_user(user: Any) -> Actor:
    """Who acts for an assistant that was not told: its user, else whoever the running work is for, else the system.

    An assistant inside another one's tools acts for the one who asked: it must not see more than they may.
    """
    acting = acting_actor()
    if acting is not None and (user is None or getattr(user, "pk", None) == acting.user_id):
        return acting
    if getattr(user, "is_authenticated", False):
        from tenants.members import member_actor

        return member_actor(user)
    return Actor("system", require_tenant())


def assistant_tool(assistant: AIAssistant, description: str) -> BaseTool:
    """A tool that asks the assistant; each call is a conversation of its own."""

    async def ask_assistant(message: str) -> str:
        output = (await AssistantGraph(assistant).ainvoke({"input": message}))["output"]
        return output if isinstance(output, str) else text_of(as_message(output).content)

    def ask_assistant_now(message: str) -> str:
        return from_sync(ask_assistant, message)

    return StructuredTool.from_function(
        func=ask_assistant_now, coroutine=ask_assistant, name=assistant.id, description=description
    )
