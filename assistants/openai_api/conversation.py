"""A client's messages <-> LangChain's. Pure.

The last user message is the question. What is before it is history; what is after it are calls of the client's tools
and what came of them. Instructions (``system`` and ``developer``) are taken out, wherever they stand: several
providers take them at the beginning only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import tool_call

from assistants.graph.client_tools import FromClient
from assistants.openai_api.schemas import NO_ARGUMENTS, ClientMessage, CompletionIn
from assistants.openai_api.supported import Unsupported, refuse_unsupported, wants_structure
from assistants.use_cases.begin_completion import CompletionRequest
from tenants.errors import InvalidInput, MalformedInput
from tenants.text import check_text

LONGEST_TEXT = 100_000  # characters of one message, and of all instructions
_INSTRUCTING = ("system", "developer")


class BadMessages(MalformedInput):
    """The messages are no conversation."""

    code = "invalid_messages"


def read_request(asked: CompletionIn) -> CompletionRequest:
    """The request in Atrium's words. Raises ``InvalidInput`` that names the field which cannot be taken."""
    refuse_unsupported(asked)
    _check_calls(asked.messages)
    last = max((at for at, message in enumerate(asked.messages) if message.role == "user"), default=None)
    if last is None:
        raise BadMessages("There is no question: send at least one message of the role user.", field="messages")
    instructions = [_text(at, each) for at, each in enumerate(asked.messages) if each.role in _INSTRUCTING]
    spoken = [(at, _spoken(at, each)) for at, each in enumerate(asked.messages) if each.role not in _INSTRUCTING]
    return CompletionRequest(
        question=_text(last, asked.messages[last]),
        history=[message for at, message in spoken if at < last],
        so_far=[message for at, message in spoken if at > last],
        from_client=_from_client(asked, "\n\n".join(filter(None, instructions))),
        wants_structure=wants_structure(asked),
    )


def calls_as_json(calls: Sequence[Any]) -> list[dict[str, Any]]:
    """LangChain's tool calls as OpenAI writes them."""
    return [
        {
            "id": call["id"],
            "type": "function",
            "function": {"name": call["name"], "arguments": json.dumps(call["args"], ensure_ascii=False)},
        }
        for call in calls
    ]


def _from_client(asked: CompletionIn, instructions: str) -> FromClient:
    tools: list[dict[str, Any]] = []
    for tool in asked.tools or ():
        function = tool.function.dict(exclude_none=True)
        tools.append({"type": "function", "function": {"parameters": NO_ARGUMENTS, **function}})
    names = [tool["function"]["name"] for tool in tools]
    if len(set(names)) < len(names):
        raise MalformedInput("Two tools have the same name.", field="tools", code="invalid_tools")
    choice = _choice(asked.tool_choice, names)
    return FromClient(
        instructions=check_text(instructions, field="messages", longest=LONGEST_TEXT),
        tools=() if choice == "none" else tools,
        tool_choice="" if choice == "none" else choice,
        parallel_tool_calls=asked.parallel_tool_calls is not False,
    )


def _choice(given: str | dict[str, Any] | None, names: Sequence[str]) -> str:
    """LangChain's word for the choice: empty for the model's own, "any", a tool's name; or "none"."""
    if given in (None, "auto", "none"):
        return "none" if given == "none" else ""
    if given == "required" and names:
        return "any"
    function = given.get("function") if isinstance(given, dict) and given.get("type") == "function" else None
    name = function.get("name") if isinstance(function, dict) else None
    if name not in names:
        raise Unsupported(
            "tool_choice is none, auto, required or one of the tools that were sent.", field="tool_choice"
        )
    return str(name)


def _check_calls(messages: Sequence[ClientMessage]) -> None:
    """Each call is answered at once, and each answer has its call: no provider accepts anything else."""
    waiting: dict[str, int] = {}
    for at, message in enumerate(messages):
        if message.role == "tool":
            if waiting.pop(message.tool_call_id or "", None) is None:
                raise BadMessages(
                    "A message of the role tool must answer a call in the message before it, by tool_call_id.",
                    field=f"messages.{at}.tool_call_id",
                )
            continue
        _check_answered(waiting)
        waiting = {call.id: at for call in message.tool_calls or ()}
        if waiting and message.role != "assistant":
            raise BadMessages("Only an assistant's message has tool_calls.", field=f"messages.{at}.tool_calls")
        if len(waiting) < len(message.tool_calls or ()):
            raise BadMessages("Two calls have the same id.", field=f"messages.{at}.tool_calls")
    _check_answered(waiting)


def _check_answered(waiting: dict[str, int]) -> None:
    for call_id, at in waiting.items():
        raise BadMessages(
            f"The call {call_id} has no answer: a message of the role tool must follow.",
            field=f"messages.{at}.tool_calls",
        )


def _spoken(at: int, message: ClientMessage) -> BaseMessage:
    text = _text(at, message)
    if message.role == "user":
        return HumanMessage(content=text)
    if message.role == "tool":
        return ToolMessage(content=text, tool_call_id=message.tool_call_id or "")
    calls = [
        tool_call(name=call.function.name, args=_arguments(at, call.function.arguments), id=call.id)
        for call in message.tool_calls or ()
    ]
    return AIMessage(content=text, tool_calls=calls)


def _arguments(at: int, written: str) -> dict[str, Any]:
    where = f"messages.{at}.tool_calls"
    check_text(written, field=where, longest=LONGEST_TEXT)
    try:
        arguments = json.loads(written or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise BadMessages("The arguments of a call must be a JSON object.", field=where)
    return arguments


def _text(at: int, message: ClientMessage) -> str:
    """The message's text. Parts are put below one another."""
    where = f"messages.{at}.content"
    content = message.content
    if isinstance(content, list):
        for part in content:
            if part.type not in ("text", "refusal"):
                raise Unsupported(f"Parts of the type {part.type} are not supported here: send text.", field=where)
        content = "\n".join(part.text or part.refusal or "" for part in content)
    text = content or message.refusal or ""
    if message.role == "user" and not text.strip():
        raise InvalidInput("Say something: the message is empty.", field=where, code="empty_content")
    return check_text(text, field=where, longest=LONGEST_TEXT)
