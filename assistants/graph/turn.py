"""The graph of a turn::

    prepare -> agent <-> tools
       |         |  \\
       |         |   wait        a call needs a person's approval
       |         |   hand_over   a call is the client's to make, also after its own tools
       |\
       | decline                 nothing was found, and the answer must be grounded
       +------> respond          (at once for structured output without tools)

To prepare is to set up, to read the history and to retrieve passages, in this order. A turn that goes on after it
has waited is given its messages so far: it enters at the tools, or waits again where a call is still undecided.

It holds nothing of an assistant or a tenant (those come with the context), so one compiled graph serves all.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from assistants.graph import client_tools, grounding, nodes, tools_step
from assistants.graph.state import TurnContext, TurnState, last_ai
from assistants.messages import call_ids

# Far above any turn: the cap on tool rounds ends a turn long before, with an error that says so.
RECURSION_LIMIT = 1000


@cache
def turn_graph() -> Any:
    """The compiled graph; compiling takes over a millisecond, so it is done once."""
    graph = StateGraph(TurnState, context_schema=TurnContext)
    graph.add_node("prepare", nodes.prepare)
    graph.add_node("agent", nodes.agent)
    graph.add_node("call_tools", tools_step.tools)
    graph.add_node("wait", tools_step.wait)
    graph.add_node("hand_over", client_tools.hand_over)
    graph.add_node("respond", nodes.respond)
    graph.add_node("decline", grounding.decline)
    graph.add_edge(START, "prepare")
    graph.add_conditional_edges("prepare", _after_preparation)
    graph.add_conditional_edges("agent", _after_agent)
    graph.add_conditional_edges("call_tools", _after_tools)
    graph.add_edge("wait", END)
    graph.add_edge("hand_over", END)
    graph.add_edge("respond", END)
    graph.add_edge("decline", END)
    return graph.compile().with_config(recursion_limit=RECURSION_LIMIT)


# The edges are coroutines, though they wait for nothing: LangGraph runs plain functions on a thread.


async def _after_preparation(
    state: TurnState, runtime: Runtime[TurnContext]
) -> Literal["agent", "respond", "call_tools", "wait", "decline"]:
    context, so_far = runtime.context, state.get("messages")
    if grounding.has_nothing(state, context):
        return "decline"
    if so_far and call_ids(so_far[-1]):
        return "wait" if tools_step.pending_approvals(state, context) else "call_tools"
    has_tools = context.tools or (context.from_client and context.from_client.tools)
    return "respond" if context.assistant.structured_output is not None and not has_tools else "agent"


async def _after_agent(
    state: TurnState, runtime: Runtime[TurnContext]
) -> Literal["call_tools", "wait", "hand_over", "respond"]:
    message = last_ai(state)
    if client_tools.is_for_client(message, runtime.context.from_client):
        return "hand_over"
    if not (message.tool_calls or message.invalid_tool_calls):
        return "respond"
    return "wait" if tools_step.pending_approvals(state, runtime.context) else "call_tools"


async def _after_tools(state: TurnState, runtime: Runtime[TurnContext]) -> Literal["agent", "hand_over", "respond"]:
    if state.get("for_client"):
        return "hand_over"
    return "respond" if tools_step.direct_answer(state, runtime.context) else "agent"
