"""The word index: for each word, the chunks that it is in, with its part of their BM25 score.

S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009. The part of the
score that depends on the chunk alone is stored as ``weight``; how rare a word is, is counted when it is asked
for.
"""

from __future__ import annotations

from django.db import models

from rag.models.chunk import Chunk
from rag.models.collection import Collection
from rag.models.fields import RealField


class LexicalIndex(models.Model):
    """One collection's word index and its statistics.

    ``language`` is the text-search configuration that the postings were made with. ``total_length`` counts
    the lexemes of all chunks. ``weighted_length`` is the average length that the postings' weights were made
    for: they are made anew when the true average has moved away from it. A small key of its own, because each
    posting holds it.
    """

    id = models.AutoField(primary_key=True)
    collection = models.OneToOneField(Collection, on_delete=models.CASCADE, related_name="lexical_index")
    language = models.CharField(max_length=63)
    chunk_count = models.BigIntegerField(default=0)
    total_length = models.BigIntegerField(default=0)
    weighted_length = models.FloatField(default=0)

    class Meta:
        verbose_name_plural = "lexical indexes"

    def __str__(self) -> str:
        return f"Words of {self.collection_id}"

    @property
    def average_length(self) -> float:
        """Lexemes in a chunk, on average; 0 for an empty index."""
        return self.total_length / self.chunk_count if self.chunk_count else 0.0


class Term(models.Model):
    """In how many chunks of a collection a lexeme is: kept with the postings, so that a search need not count them.

    A word that is in no chunk any more keeps its row with 0.
    """

    pk = models.CompositePrimaryKey("lexical_index_id", "term")
    lexical_index = models.ForeignKey(
        LexicalIndex, on_delete=models.CASCADE, related_name="terms", db_constraint=False, db_index=False
    )
    chunk_count = models.IntegerField()
    term = models.TextField(db_collation="C")

    def __str__(self) -> str:
        return f"{self.term} in {self.chunk_count} chunks"


class Posting(models.Model):
    """``term`` (a lexeme) occurs ``frequency`` times in ``chunk``.

    There are about a hundred a chunk, so the row is small and has no foreign keys in the database: their
    triggers would cost more than the rows. ``rag.ingest.index`` removes postings with their chunk. The
    primary key carries ``weight`` (migration 0001), so that a search reads nothing but the index.
    """

    pk = models.CompositePrimaryKey("lexical_index_id", "term", "chunk_id")
    chunk = models.ForeignKey(Chunk, on_delete=models.CASCADE, related_name="postings", db_constraint=False)
    lexical_index = models.ForeignKey(
        LexicalIndex, on_delete=models.CASCADE, related_name="postings", db_constraint=False, db_index=False
    )
    weight = RealField()
    frequency = models.PositiveSmallIntegerField()
    term = models.TextField(db_collation="C")

    def __str__(self) -> str:
        return f"{self.term} in chunk {self.chunk_id}"
