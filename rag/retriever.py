"""Retrieval as LangChain knows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever

from rag.search.hits import Hit
from rag.use_cases.search import Options, asearch, search
from tenants.actors import Actor
from tenants.database import give_connections_back


class TenantRetriever(BaseRetriever):
    """Finds passages in the current tenant's collections that ``actor`` may read.

    ``collection_ids`` narrows the search; None is all of them. ``filter`` is over the documents' metadata
    (``rag.search.filters``); passages below ``min_score`` are left out. ``assistant_id`` is the assistant that
    searches, about which there may be rules of its own. Each document's metadata has ``document_id``, ``chunk_id``,
    ``chunk_ids``, ``version``, ``title``, ``heading``, ``page``, ``start`` and ``end`` (offsets in the text of the
    document's version, in characters), ``text_from`` (where that text begins, behind the names of a table's columns),
    ``score`` and ``number``, which counts the passages from 1.
    """

    actor: Actor
    collection_ids: list[UUID] | None = None
    limit: int = 6
    assistant_id: str = ""
    filter: dict[str, Any] = {}
    min_score: float = 0.0

    def _options(self) -> Options:
        return Options(limit=self.limit, filter=self.filter, min_score=self.min_score)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        try:
            hits = search(
                self.actor, query, self.collection_ids, assistant_id=self.assistant_id, options=self._options()
            )
            return _as_documents(hits)
        finally:
            give_connections_back()  # LangGraph may have lent the thread, and keep it

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        hits = await asearch(
            self.actor, query, self.collection_ids, assistant_id=self.assistant_id, options=self._options()
        )
        return _as_documents(hits)


def _as_documents(hits: Sequence[Hit]) -> list[LangChainDocument]:
    return [
        LangChainDocument(
            id=str(hit.chunk_id),
            page_content=f"{hit.table_header}\n{hit.text}" if hit.table_header else hit.text,
            metadata={
                "document_id": str(hit.document_id),
                "chunk_id": hit.chunk_id,
                "chunk_ids": list(hit.chunk_ids),
                "version": hit.version,
                "title": hit.title,
                "heading": hit.heading,
                "page": hit.page,
                "start": hit.start_offset,
                "end": hit.end_offset,
                "text_from": len(hit.table_header) + 1 if hit.table_header else 0,
                "score": hit.score,
                "number": number,
            },
        )
        for number, hit in enumerate(hits, start=1)
    ]
