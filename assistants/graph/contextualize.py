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
from assistants.messages import text_of
from tenants.database import in_thread
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
        question = text_of(turn["input"])
        if turn.get("history"):
            question = await _standing_alone(turn, get_llm, get_prompt) or question
        return await _search(retriever, question)

    def find_now(turn: dict[str, Any]) -> list[Document]:
        return from_sync(find, turn)

    return RunnableLambda(find_now, afunc=find, name="history_aware_retriever")


async def _standing_alone(
    turn: dict[str, Any], get_llm: Callable[[], BaseChatModel], get_prompt: Callable[[], ChatPromptTemplate]
) -> str:
    llm = await in_thread(get_llm)
    if isinstance(llm, OfflineChatModel):
        return ""
    return (await (get_prompt() | llm | StrOutputParser()).ainvoke(turn)).strip()


async def _search(retriever: BaseRetriever, question: str) -> list[Document]:
    """A retriever that is only synchronous runs on our own threads: they know the tenant and return connections."""
    own = getattr(type(retriever), "_aget_relevant_documents", None)
    if own is BaseRetriever._aget_relevant_documents:
        return await in_thread(retriever.invoke, question)
    return await retriever.ainvoke(question)


def format_documents(documents: Sequence[Document], prompt: PromptTemplate | None, separator: str) -> str:
    """The passages as text: by the given template, or in Atrium's own form."""
    if prompt is None:
        return format_passages(documents)
    return separator.join(format_document(document, prompt) for document in documents)
