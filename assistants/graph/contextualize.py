"""Retrieval in a conversation: what a follow-up question means, and how passages are written down."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_core.documents import Document
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate, format_document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda

from assistants.exceptions import ModelFailedError
from assistants.graph.models import own_model, whole, with_fallbacks
from assistants.graph.own_code import call
from assistants.graph.passages import format_passages
from assistants.llm.offline import OfflineChatModel
from assistants.llm.resilience.policy import CallPolicy, call_policy
from assistants.messages import text_of
from tenants.database import in_thread
from tenants.sync_bridge import from_sync

if TYPE_CHECKING:
    from assistants.assistants import AIAssistant

log = logging.getLogger(__name__)

REWRITE = (
    "Below are a conversation and a person's latest question, which may refer to what was said before. Write the "
    "question so that it can be understood without the conversation. Do not answer it; if it needs no change, "
    "repeat it as it is."
)


def contextualize_prompt() -> ChatPromptTemplate:
    """Asks the model to write a follow-up question so that it stands alone; over ``history`` and ``input``."""
    return ChatPromptTemplate.from_messages([("system", REWRITE), MessagesPlaceholder("history"), ("human", "{input}")])


def history_aware(retriever: BaseRetriever, assistant: AIAssistant) -> Runnable[dict[str, Any], list[Document]]:
    """Searches for the question, which the assistant's model rewrites first where something was said before.

    The offline model quotes and cannot rewrite, and a provider may fail: then the question is searched for as it is.
    Model and prompt are made when they are needed, which is not at the first question.
    """

    async def find(turn: dict[str, Any]) -> list[Document]:
        question = text_of(turn["input"])
        if turn.get("history"):
            question = await _standing_alone(turn, assistant) or question
        return await search_with(retriever, question)

    def find_now(turn: dict[str, Any]) -> list[Document]:
        return from_sync(find, turn)

    return RunnableLambda(find_now, afunc=find, name="history_aware_retriever")


async def _standing_alone(turn: dict[str, Any], assistant: AIAssistant) -> str:
    """The question rewritten; empty where no model does it."""
    llm = await own_model(assistant)
    if isinstance(llm, OfflineChatModel):
        return ""
    wording: ChatPromptTemplate = await call(assistant, "get_contextualize_prompt")
    prompt = await wording.ainvoke(turn)
    try:
        rewritten = await whole(await with_fallbacks(assistant, llm), prompt, _one_attempt())
    except ModelFailedError as error:  # a poorer search is better than no answer; the log says why
        log.warning("a question was searched for as it was asked", extra={"code": error.code})
        return ""
    return text_of(rewritten.content).strip()


def _one_attempt() -> CallPolicy:
    """The time and the retries are the answer's."""
    policy = call_policy()
    return replace(policy, retries=0, total=min(policy.first_token, policy.total))


async def search_with(retriever: BaseRetriever, question: str) -> list[Document]:
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
