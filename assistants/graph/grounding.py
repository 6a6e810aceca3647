"""Grounded answers: an assistant that asks for them says nothing that no passage, and no tool, stands behind.

Nothing found and no tool to ask: the model is not asked either. An answer that cites nothing is held back while it is
said, and the assistant's own sentence is said in its place (docs/decisions/0019).
"""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langgraph.runtime import Runtime

from assistants.citing.speech import Speech
from assistants.graph.own_code import call
from assistants.graph.state import TurnContext, TurnState
from assistants.messages import call_ids

CITED, BY_TOOL, NO_PASSAGES, NO_CITATION = "cited", "tool", "no_passages", "no_citation"


def has_nothing(state: TurnState, context: TurnContext) -> bool:
    """Whether the turn can only decline: nothing was found, and there is no tool that could find it."""
    assistant = context.assistant
    has_tools = context.tools or (context.from_client and context.from_client.tools)
    return assistant.grounded and assistant.has_rag and not (state["passages"] or has_tools or state.get("messages"))


async def decline(state: TurnState, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Say that there is nothing, in the assistant's words."""
    context = runtime.context
    context.reporter.grounding(NO_PASSAGES)
    answer = AIMessage(content=await _unsupported(context), additional_kwargs={"grounded": False})
    context.reporter.text(str(answer.content))
    context.reporter.message(answer)
    return {"messages": [answer], "output": answer.content}


def must_cite(state: TurnState, context: TurnContext) -> bool:
    """Whether the model's next text must cite a passage to be heard. What a tool has answered stands behind it, too."""
    return context.assistant.grounded and not _has_tools_word(state)


async def judged(message: BaseMessage, speech: Speech, state: TurnState, context: TurnContext) -> BaseMessage:
    """The model's message with what a grounded answer rests on; of one that rests on nothing, what is said instead."""
    if not context.assistant.grounded:
        return message
    if call_ids(message):  # what is said before a tool is called is no answer
        speech.release()
        return message
    if not speech.is_waiting:
        context.reporter.grounding(BY_TOOL if _has_tools_word(state) else CITED)
        return _marked(message, grounded=True)
    text = await _unsupported(context)
    context.reporter.grounding(NO_CITATION if len(context.passages) else NO_PASSAGES)
    context.reporter.text(text)
    return _marked(message.model_copy(update={"content": text}), grounded=False)


def by_tool(message: AIMessage, context: TurnContext) -> AIMessage:
    """A tool's own answer, in a turn that must be grounded."""
    if not context.assistant.grounded:
        return message
    context.reporter.grounding(BY_TOOL)
    return message.model_copy(update={"additional_kwargs": {"grounded": True}})


def _marked(message: BaseMessage, *, grounded: bool) -> BaseMessage:
    return message.model_copy(update={"additional_kwargs": {**message.additional_kwargs, "grounded": grounded}})


def _has_tools_word(state: TurnState) -> bool:
    """Whether a tool has answered in this turn that is no search for passages."""
    return any(
        isinstance(message, ToolMessage) and message.status != "error" and "passages" not in message.additional_kwargs
        for message in state.get("messages", ())
    )


async def _unsupported(context: TurnContext) -> str:
    return str(await call(context.assistant, "get_unsupported_answer"))
