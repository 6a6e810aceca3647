"""The rows of retrieval. All of them live in a tenant's schema."""

from rag.models.chunk import Chunk
from rag.models.collection import Collection
from rag.models.document import Document, Original
from rag.models.embedding import Embedding, StagedVector
from rag.models.ingestion_slot import IngestionSlot
from rag.models.lexical import DocumentWords, LexicalIndex, Postings, Word
from rag.models.reprocessing import Reprocessing

__all__ = [
    "Chunk",
    "Collection",
    "Document",
    "DocumentWords",
    "Embedding",
    "IngestionSlot",
    "LexicalIndex",
    "Original",
    "Postings",
    "Reprocessing",
    "StagedVector",
    "Word",
]
