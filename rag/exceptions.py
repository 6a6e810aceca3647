"""What ingestion and search refuse. The message is for who uploaded the file or asked the question."""

from __future__ import annotations

from tenants.errors import InvalidInput, Unavailable


class UnreadableDocument(InvalidInput):
    """This document cannot be read."""

    code = "unreadable_document"
    title = "The document cannot be read"


class UnknownLanguage(InvalidInput):
    """PostgreSQL has no text-search configuration of this name."""

    code = "unknown_language"
    title = "The language is not known"


class EmbeddingUnavailable(Unavailable):
    """The embedding model does not answer. Try again in a moment."""

    code = "embedding_unavailable"
    title = "The embedding model does not answer"
