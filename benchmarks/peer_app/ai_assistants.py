"""The assistants that the harness talks to, as the peer offers them to it."""

from __future__ import annotations

from assistants import AIAssistant, method_tool


class BenchAssistant(AIAssistant):
    """A plain turn: the model is asked once."""

    id = "bench_assistant"
    name = "Bench"
    instructions = "You are a benchmark assistant. Answer shortly."
    model = "gpt-4o"


class BenchToolAssistant(AIAssistant):
    """A turn with one tool call: the model is asked twice."""

    id = "bench_tool_assistant"
    name = "Bench with a tool"
    instructions = "You are a benchmark assistant. Answer shortly."
    model = "gpt-4o"

    @method_tool
    def get_number(self, label: str) -> str:
        """Get the number filed under a label"""
        return "42"
