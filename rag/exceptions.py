"""What ingestion and search refuse. The message is for who uploaded the file or asked the question."""

from __future__ import annotations

from tenants.errors import InvalidInput, Unavailable


class UnreadableDocument(InvalidInput):
    """This document cannot be read."""

    code = "unreadable_document"
    title = "The document cannot be read"


class UnsupportedType(UnreadableDocument):
    """Files of this kind cannot be read."""

    code = "unsupported_type"


class EmptyDocument(UnreadableDocument):
    """There is nothing in this document."""

    code = "empty_document"


class NoTextInDocument(UnreadableDocument):
    """There is no text in this document, only pictures: it was scanned, perhaps. Add a version with text in it."""

    code = "no_text"


class EncryptedDocument(UnreadableDocument):
    """This document is locked with a password. Add a version without one."""

    code = "encrypted_document"


class DamagedDocument(UnreadableDocument):
    """This file is damaged, or is not what it says that it is. Open it, save it anew and try again."""

    code = "damaged_document"


class DocumentTooLong(UnreadableDocument):
    """There is more text in this document than one document may have. Split it into several."""

    code = "document_too_long"


class DocumentTooComplex(UnreadableDocument):
    """Reading this document takes more memory than one document may use. Split it into several, or simplify it."""

    code = "document_too_complex"


class DocumentTooSlow(UnreadableDocument):
    """Reading this document takes longer than one document may. Split it into several, or simplify it."""

    code = "document_too_slow"


class ReadingInterrupted(UnreadableDocument):
    """Each attempt at reading this document was broken off. Try once more, or ask for help."""

    code = "reading_interrupted"


class IngestionCancelled(UnreadableDocument):
    """Taking this document in was cancelled."""

    code = "cancelled"


class UnknownLanguage(InvalidInput):
    """PostgreSQL has no text-search configuration of this name."""

    code = "unknown_language"
    title = "The language is not known"


class EmbeddingUnavailable(Unavailable):
    """The embedding model does not answer. Try again in a moment."""

    code = "embedding_unavailable"
    title = "The embedding model does not answer"


class EmbeddingRefused(EmbeddingUnavailable):
    """The embedding model refuses the request. Asking again will not help: look at its key, its name and its limits."""

    code = "embedding_refused"
    title = "The embedding model refuses the request"


class RerankerUnavailable(Unavailable):
    """The reranker does not answer. Try again in a moment."""

    code = "reranker_unavailable"
    title = "The reranker does not answer"


class UnreadableCollection(InvalidInput):
    """This judged collection cannot be read."""

    code = "unreadable_collection"
    title = "The collection cannot be read"
