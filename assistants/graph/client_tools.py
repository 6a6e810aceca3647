"""What the client of a completion brings to a turn: instructions, and tools that it calls itself.

A call of such a tool ends the turn: the client calls it, and asks again with what came of it. Where the model asks for
its own assistant's tools in the same breath, those are called first, and the client's calls are handed over after
them: nothing that the model asked for is lost, and the client never sees a call that it cannot answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import BaseTool
from langgraph.runtime import Runtime

from assistants.exceptions import ApprovalNeededError

if TYPE_CHECKING:
    from assistants.graph.state import TurnContext, TurnState

_CALL_PARTS = frozenset({"tool_use", "tool_call", "function_call"})  # how providers repeat calls in a content
LONGEST_ID = 40  # characters of a call's id that OpenAI takes back


@dataclass(frozen=True, slots=True)
class FromClient:
    """A client's part in a turn.

    ``tools`` are in OpenAI's form; ``tool_choice`` is empty, ``"any"`` or the name of one of them. The ids of calls
    begin with ``call_prefix``, so that a later request leads back to this run.
    """

    instructions: str = ""
    tools: Sequence[dict[str, Any]] = ()
    tool_choice: str = ""
    parallel_tool_calls: bool = True
    call_prefix: str = "call_"

    @property
    def names(self) -> set[str]:
        """The names of its tools."""
        return {tool["function"]["name"] for tool in self.tools}

    def with_instructions(self, system: str) -> str:
        """The assistant's system prompt, with the client's instructions after it."""
        if not self.instructions:
            return system
        return f"{system}\n\nThe application that the person uses adds:\n{self.instructions}"


def bind(llm: Any, own: Iterable[BaseTool], client: FromClient | None) -> Any:
    """The model with the assistant's tools and the client's."""
    tools: list[Any] = [*own, *(client.tools if client else ())]
    options: dict[str, Any] = {}
    if client and client.tool_choice:
        options["tool_choice"] = client.tool_choice
    if client and client.tools and not client.parallel_tool_calls:
        options["parallel_tool_calls"] = False
    return llm.bind_tools(tools, **options) if tools else llm


def split(message: BaseMessage, client: FromClient | None) -> tuple[BaseMessage, list[Any]]:
    """The model's message, and the client's calls that are put off until its own ones have been answered.

    A message with nothing but the client's calls keeps them. Calls that could not be read are the assistant's to
    answer, whosever tools they name: it tells the model to mend them.
    """
    if client is None or not isinstance(message, AIMessage):
        return message, []
    names = client.names
    theirs = [call for call in message.tool_calls if call["name"] in names]
    named = [{**call, "id": f"{client.call_prefix}{number}"} for number, call in enumerate(theirs)]
    own: list[Any] = [call for call in message.tool_calls if call["name"] not in names]
    put_off = named if own or message.invalid_tool_calls else []
    kept = own if put_off else own + named
    return message.model_copy(update={"tool_calls": kept, "content": _without_calls(message, own)}), put_off


def is_for_client(message: AIMessage, client: FromClient | None) -> bool:
    """True for a message that calls tools of the client and nothing else."""
    if client is None or not message.tool_calls or message.invalid_tool_calls:
        return False
    return {call["name"] for call in message.tool_calls} <= client.names


async def hand_over(state: TurnState, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """End the turn with calls for the client: those that were put off, or those of the model's latest message."""
    put_off = state.get("for_client")
    if not put_off:
        return {"output": None}
    message = AIMessage(content="", tool_calls=put_off)
    runtime.context.reporter.message(message)
    return {"output": None, "messages": [message]}


def refuse_to_wait(context: TurnContext, calls: Sequence[dict[str, Any]]) -> None:
    """Raise ``ApprovalNeededError`` where nobody could approve: a client of a completion cannot come back to a run."""
    if context.from_client is not None:
        names = ", ".join(dict.fromkeys(call["name"] for call in calls))
        raise ApprovalNeededError(
            f"The assistant wants to call {names}, which a person must approve. That cannot be done here: ask it in "
            "the chat, or over /api."
        )


def _without_calls(message: AIMessage, own: Sequence[Any]) -> Any:
    """The content without the client's calls, which some providers repeat there under the ids that they gave."""
    if not isinstance(message.content, list):
        return message.content
    ids = {call["id"] for call in own}
    return [
        part
        for part in message.content
        if not (isinstance(part, dict) and part.get("type") in _CALL_PARTS and part.get("id") not in ids)
    ]
