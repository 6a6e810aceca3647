"""Running an assistant from Python: as a Runnable, in a thread or without one, and as a tool of another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from django.conf import settings
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, ToolException

from assistants.assistants import AIAssistant
from assistants.citing.markers import find_markers
from assistants.citing.numbering import FoundPassages, NumberedPassages
from assistants.graph.state import Reporter, TurnContext
from assistants.graph.structured import as_message
from assistants.graph.turn import turn_graph
from assistants.messages import text_of
from tenants.actors import Actor, acting_actor, acting_as
from tenants.context import current_tenant
from tenants.credentials.in_force import aproviders, using
from tenants.database import in_database
from tenants.errors import NoTenant
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
        return await self._ask(input, Reporter(), config)

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
            await asyncio.gather(asking, return_exceptions=True)  # what was said until now is being stored

    async def _ask(
        self, given: dict[str, Any], reporter: Reporter, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        if self._thread_id is None:
            return await ask(self._assistant, given, reporter, config)
        from assistants.runs.direct import ask_in_thread

        return await ask_in_thread(self._assistant, self._thread_id, given, reporter, config)


class _Queueing(Reporter):
    """Puts the pieces of text into a queue; None ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: asyncio.Queue[str | None] = asyncio.Queue()

    def text(self, piece: str) -> None:
        """Queue the piece."""
        self.pieces.put_nowait(piece)


async def ask(
    assistant: AIAssistant,
    given: dict[str, Any],
    reporter: Reporter,
    config: RunnableConfig | None = None,
    passages: NumberedPassages | None = None,
) -> dict[str, Any]:
    """A turn without a thread: nothing is read and nothing stored. ``passages`` is told what there was to cite."""
    context = TurnContext(assistant, reporter=reporter, passages=NumberedPassages() if passages is None else passages)
    with acting_as(await _actor_of(assistant)), using(await aproviders()):
        async with asyncio.timeout(settings.ATRIUM_RUN_TIMEOUT):
            state = await turn_graph().ainvoke(given, config, context=context)
    return {**given, **state}


async def _actor_of(assistant: AIAssistant) -> Actor:
    """The assistant's actor; a member's roles are read off the event loop."""
    known = assistant._actor or _acting_for(assistant._user)
    if known is not None:
        return known
    return await in_database(assistant.get_actor)


def actor_of_user(user: Any) -> Actor:
    """Who acts for an assistant that was not told.

    An assistant inside another one's tools acts for the one who asked: it must not see more than they may. Only
    where nobody asked (a job, a command, a shell) it is the system. A visitor is nobody's member. Raises ``NoTenant``
    outside of any tenant's context.
    """
    acting = _acting_for(user)
    if acting is not None:
        return acting
    tenant = current_tenant()
    if tenant is None:
        raise NoTenant("An assistant works for a tenant: ask it inside `with tenant_context(tenant.as_ref()):`.")
    if user is None:
        return Actor("system", tenant)
    if not getattr(user, "is_authenticated", False):
        return Actor("visitor", tenant)
    from tenants.members import member_actor

    return member_actor(user)


def _acting_for(user: Any) -> Actor | None:
    """Whoever the running work is for, unless ``user`` is somebody else."""
    acting = acting_actor()
    if acting is None:
        return None
    nobody_else = user is None or not getattr(user, "is_authenticated", False) or user.pk == acting.user_id
    return acting if nobody_else else None


def assistant_tool(assistant: AIAssistant, description: str) -> BaseTool:
    """A tool that asks the assistant; each call is a conversation of its own. What it cites, who asks may cite."""

    async def ask_assistant(message: str) -> tuple[str, FoundPassages | None]:
        passages = NumberedPassages()
        state = await ask(assistant, {"input": message}, Reporter(), passages=passages)
        if state.get("waiting"):
            raise ToolException("This needs a person's approval, which cannot be asked for from here.")
        output = state["output"]
        text = output if isinstance(output, str) else text_of(as_message(output).content)
        cited = dict.fromkeys(number for marker in find_markers(text, passages) for number in marker.numbers)
        return text, FoundPassages([passages[number] for number in cited], text) if cited else None

    def ask_assistant_now(message: str) -> tuple[str, FoundPassages | None]:
        return from_sync(ask_assistant, message)

    return StructuredTool.from_function(
        func=ask_assistant_now,
        coroutine=ask_assistant,
        name=assistant.id,
        description=description,
        response_format="content_and_artifact",
        metadata={"finds_passages": True},
    )
