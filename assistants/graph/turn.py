"""The graph of a turn: setup -> history -> retrieve -> respond.

It holds nothing of an assistant or a tenant (those come with the context), so one compiled graph serves all.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from langgraph.graph import END, START, StateGraph

from assistants.graph import nodes
from assistants.graph.state import TurnContext, TurnState


@cache
def turn_graph() -> Any:
    """The compiled graph; compiling takes over a millisecond, so it is done once."""
    graph = StateGraph(TurnState, context_schema=TurnContext)
    steps = ("setup", "history", "retrieve", "respond")
    for step in steps:
        graph.add_node(f"do_{step}", getattr(nodes, step))
    for before, after in zip(
        (START, *(f"do_{step}" for step in steps)), (*(f"do_{s}" for s in steps), END), strict=True
    ):
        graph.add_edge(before, after)
    return graph.compile()
