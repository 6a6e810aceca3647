"""Assistants as Python classes: their tools, conversations and runs.

What developers import: ``from assistants import AIAssistant, method_tool, BaseModel, Field``.
"""

from assistants.assistants import AIAssistant
from assistants.search_tool import search_tool
from assistants.tools import BaseModel, BaseTool, Field, StructuredTool, method_tool

__all__ = ["AIAssistant", "BaseModel", "BaseTool", "Field", "StructuredTool", "method_tool", "search_tool"]
