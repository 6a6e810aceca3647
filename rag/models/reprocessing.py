"""Documents that are to be taken in anew, of which there may be very many."""

from __future__ import annotations

from django.db import models

from rag.models.document import Document


class Reprocessing(models.Model):
    """A document that is to be taken in anew, after those that were handed in since.

    One small row each: queueing 100,000 documents by their own rows would write all of their indexes anew. When its
    turn comes, the document is queued and the row goes. What was asked for before ``Document.queued_at`` is overtaken.
    """

    document = models.OneToOneField(
        Document, on_delete=models.CASCADE, primary_key=True, related_name="reprocessing", db_constraint=False
    )
    asked_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "reprocessings"

    def __str__(self) -> str:
        return f"{self.document_id} anew"
