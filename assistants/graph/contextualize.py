"""Retrieval in a conversation: what a follow-up question means, and how passages are written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate, format_document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda

from assistants.graph.passages import format_passages
from assistants.llm.offline import OfflineChatModel
from tenants.sync_bridge import from_sync

REWRITE = (
    "Below are a conversation and a person's latest question, which may refer to what was said before. Write the "
    "question so that it can be understood without the conversation. Do not answer it; if it needs no change, "
    "repeat it as it is."
)


def contextualize_prompt() -> ChatPromptTemplate:
    """Asks the model to write a follow-up question so that it stands alone; over ``history`` and ``input``."""
    return ChatPromptTemplate.from_messages([("system", REWRITE), MessagesPlaceholder("history"), ("human", "{input}")])


def history_aware(
    retriever: BaseRetriever,
    get_llm: Callable[[], BaseChatModel],
    get_prompt: Callable[[], ChatPromptTemplate],
) -> Runnable[dict[str, Any], list[Document]]:
    """Searches for the question, which the model rewrites first where something was said before.

    The offline model quotes and cannot rewrite: with it, the question is searched for as it is. Model and prompt are
    made when they are needed, which is not at the first question.
    """

    async def find(turn: dict[str, Any]) -> list[Document]:
        if not turn.get("history"):
            return await retriever.ainvoke(turn["input"])
        llm = get_llm()
        if isinstance(llm, OfflineChatModel):
            return await retriever.ainvoke(turn["input"])
        return await (get_prompt() | llm | StrOutputParser() | retriever).ainvoke(turn)

    def find_now(turn: dict[str, Any]) -> list[Document]:
        return from_sync(find, turn)

    return RunnableLambda(find_now, afunc=find, name="history_aware_retriever")


def format_documents(documents: Sequence[Document], prompt: PromptTemplate | None, separator: str) -> str:
    """The passages as text: by the given template, or in Atrium's own form."""
    if prompt is None:
        return format_passages(documents)
    return separator.join(format_document(document, prompt) for document in documents)
