"""The word index: for each word, the chunks that it is in, packed.

S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009. What the formula needs
of a word in a chunk (how often it is there, how long the chunk is) and the chunk's key are one number, a *posting*
(``rag.search.lexical`` says how): a row for each would take six times the room.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from rag.models.collection import Collection
from rag.models.document import Document


class LexicalIndex(models.Model):
    """One collection's word index and its statistics.

    ``language`` is the text-search configuration that the words were made with. ``total_length`` counts the lexemes of
    all chunks. A small key of its own, because each word holds it. Its row is the lock of all that belongs to it.
    """

    id = models.AutoField(primary_key=True)
    collection = models.OneToOneField(Collection, on_delete=models.CASCADE, related_name="lexical_index")
    language = models.CharField(max_length=63)
    chunk_count = models.BigIntegerField(default=0)
    total_length = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "lexical indexes"

    def __str__(self) -> str:
        return f"Words of {self.collection_id}"

    @property
    def average_length(self) -> float:
        """Lexemes in a chunk, on average; 0 for an empty index."""
        return self.total_length / self.chunk_count if self.chunk_count else 0.0


class Word(models.Model):
    """A lexeme of a collection, the number of chunks that it is in, and its latest postings.

    Most words are rare: all of their postings are here, and one row is all that a search reads of them. From time to
    time those of a commoner word are moved to a row of ``Postings``. A word that is in no chunk any more keeps its row
    with 0.
    """

    id = models.AutoField(primary_key=True)
    lexical_index = models.ForeignKey(
        LexicalIndex, on_delete=models.CASCADE, related_name="words", db_constraint=False, db_index=False
    )
    chunk_count = models.IntegerField()
    lexeme = models.TextField(db_collation="C")
    latest = ArrayField(models.BigIntegerField())

    class Meta:
        constraints = (models.UniqueConstraint(name="one_word_an_index", fields=["lexical_index", "lexeme"]),)

    def __str__(self) -> str:
        return f"{self.lexeme} in {self.chunk_count} chunks"


class Postings(models.Model):
    """A run of a word's postings, in the order of their chunks. ``first_chunk`` is no chunk behind the first of them.

    Runs of a word do not overlap, and lie before its ``latest``. No foreign keys in the database: their triggers would
    cost more than the rows.
    """

    pk = models.CompositePrimaryKey("word_id", "first_chunk")
    first_chunk = models.BigIntegerField()
    word = models.ForeignKey(Word, on_delete=models.CASCADE, related_name="runs", db_constraint=False, db_index=False)
    postings = ArrayField(models.BigIntegerField())

    class Meta:
        verbose_name_plural = "postings"

    def __str__(self) -> str:
        return f"Postings of {self.word_id} from chunk {self.first_chunk}"


class DocumentWords(models.Model):
    """Which words a document has, so that they are found when it is taken out."""

    document = models.OneToOneField(
        Document, on_delete=models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    word_ids = ArrayField(models.IntegerField())

    class Meta:
        verbose_name_plural = "words of documents"

    def __str__(self) -> str:
        return f"Words of {self.document_id}"
