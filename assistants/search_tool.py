"""A tool with which an agent searches the tenant's documents when it sees fit.

::

    class Researcher(AIAssistant):
        def get_tools(self):
            return [*super().get_tools(), search_tool(self)]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_core.tools import BaseTool, StructuredTool

from assistants.citing.numbering import FoundPassages
from assistants.graph.contextualize import search_with
from assistants.graph.passages import format_passages
from tenants.database import in_thread
from tenants.sync_bridge import from_sync

if TYPE_CHECKING:
    from assistants.assistants import AIAssistant

NAME = "search_documents"
DESCRIPTION = (
    "Searches the organisation's documents by words and by meaning, and returns the best passages with their titles."
    " Ask for one thing at a time, with the words that a document about it would use, names and numbers as they are."
)
NOTHING_FOUND = "Nothing was found. Other words may find more."


def search_tool(assistant: AIAssistant, name: str = NAME, description: str = DESCRIPTION) -> BaseTool:
    """A tool over what ``assistant.get_retriever`` searches: the collections that it was given and that the one who
    asks may read.

    The passages are numbered for citations, over all searches of a turn. ``name`` and ``description`` are what the
    model reads; an assistant with several tools of this kind names them apart.
    """

    async def search_documents(query: str) -> tuple[str, FoundPassages]:
        retriever = await in_thread(assistant.get_retriever)
        found = await search_with(retriever, query)
        return format_passages(found) if found else NOTHING_FOUND, FoundPassages(found)

    def search_documents_now(query: str) -> tuple[str, FoundPassages]:
        return from_sync(search_documents, query)

    return StructuredTool.from_function(
        func=search_documents_now,
        coroutine=search_documents,
        name=name,
        description=description,
        response_format="content_and_artifact",
        metadata={"idempotent": True, "finds_passages": True},
    )
