"""The rows of retrieval. All of them live in a tenant's schema."""

from rag.models.chunk import Chunk
from rag.models.collection import Collection
from rag.models.document import Document, Original
from rag.models.embedding import Embedding, StagedVector
from rag.models.ingestion_slot import IngestionSlot
from rag.models.lexical import LexicalIndex, Posting, Term

__all__ = [
    "Chunk",
    "Collection",
    "Document",
    "Embedding",
    "IngestionSlot",
    "LexicalIndex",
    "Original",
    "Posting",
    "StagedVector",
    "Term",
]
