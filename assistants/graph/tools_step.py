"""The tools' step of a turn: run what the model asked for, and tell it what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, ToolException
from langgraph.runtime import Runtime
from pydantic import ValidationError

from assistants.exceptions import ToolRoundsExceededError
from assistants.graph.state import TurnContext, TurnState, last_ai
from assistants.messages import text_of
from assistants.tools import is_async_tool, requires_approval
from tenants.database import in_thread
from tenants.errors import AtriumError

log = logging.getLogger(__name__)


def pending_approvals(state: TurnState, context: TurnContext) -> list[dict[str, Any]]:
    """The calls in the model's latest message that a person must approve first."""
    calls = last_ai(state).tool_calls
    return [dict(call) for call in calls if (tool := context.tools.get(call["name"])) and requires_approval(tool)]


async def wait(state: TurnState, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Stop before a call that needs approval; nothing of this message has been called."""
    return {"waiting": pending_approvals(state, runtime.context), "output": None}


async def tools(state: TurnState, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Run the calls of the model's latest message, some at a time, and answer them in their order."""
    context = runtime.context
    rounds = state["rounds"] + 1
    most = context.assistant.get_max_tool_rounds()
    if rounds > most:
        raise ToolRoundsExceededError(f"The assistant called tools {most} times in a row without coming to an answer.")
    places = asyncio.Semaphore(max(1, context.assistant.tool_max_concurrency))
    message = last_ai(state)

    async def run(call: Mapping[str, Any]) -> ToolMessage:
        async with places:
            return await _call(context, call)

    answers = list(await asyncio.gather(*(run(call) for call in message.tool_calls)))
    answers += [_not_understood(call) for call in message.invalid_tool_calls]
    for answer in answers:
        context.reporter.message(answer)
    return {"messages": answers, "rounds": rounds}


def is_final(state: TurnState, context: TurnContext) -> bool:
    """True when a tool that was just called answers in the model's place."""
    names = [call["name"] for call in last_ai(state).tool_calls]
    return any(name in context.tools and context.tools[name].return_direct for name in names)


async def _call(context: TurnContext, call: Mapping[str, Any]) -> ToolMessage:
    tool = context.tools.get(call["name"])
    if tool is None:
        known = ", ".join(context.tools) or "none"
        return _failed(call, f"There is no tool named {call['name']}. The tools are: {known}.")
    context.reporter.tool_started(call)
    try:
        answer = await _run(tool, call)
    except Exception as error:
        kind = type(error).__name__
        log.warning("a tool failed", exc_info=error, extra={"tool": tool.name})
        context.reporter.tool_finished(call, error=kind)
        return _failed(call, f"{kind}: {_safe_text(error)}")
    context.reporter.tool_finished(call)
    return answer


async def _run(tool: BaseTool, call: Mapping[str, Any]) -> ToolMessage:
    request = {"name": call["name"], "args": call["args"], "id": call["id"], "type": "tool_call"}
    if is_async_tool(tool):
        answer = await tool.ainvoke(request)
    else:  # on our own threads: they know the tenant and give their connection back
        answer = await in_thread(tool.invoke, request)
    if isinstance(answer, ToolMessage):
        return answer
    return ToolMessage(content=text_of(answer) or str(answer), tool_call_id=call["id"], name=tool.name)


def _safe_text(error: Exception) -> str:
    """What the model may read of a failure. Its text may quote a secret, unless it was written to be read."""
    if isinstance(error, ToolException):
        return str(error)
    if isinstance(error, AtriumError):
        return error.detail
    if isinstance(error, ValidationError):
        problems = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False))
        return f"the arguments are not valid ({'; '.join(problems)})"
    return "the tool failed."


def _failed(call: Mapping[str, Any], text: str) -> ToolMessage:
    return ToolMessage(content=text, tool_call_id=call["id"], name=call["name"], status="error")


def _not_understood(call: Mapping[str, Any]) -> ToolMessage:
    text = "The arguments of this call were not valid JSON. Call the tool again with a JSON object."
    return ToolMessage(content=text, tool_call_id=call.get("id") or "", name=call.get("name") or "", status="error")
