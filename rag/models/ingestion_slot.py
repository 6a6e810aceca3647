"""Which documents of a tenant are being taken in now."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from rag.models.document import Document


class IngestionSlot(models.Model):
    """One of the few documents at a time that a tenant may have taken in; the others wait in the order they came.

    ``turn`` counts the documents that have been in the slot: a job that was overtaken, because its worker was thought
    to be dead, knows by it that another one does its work. ``job_id`` is the queue's job; None while the slot is idle.
    """

    number = models.PositiveSmallIntegerField(primary_key=True)
    turn = models.PositiveBigIntegerField(default=0)
    job_id = models.BigIntegerField(null=True)
    document = models.ForeignKey(Document, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)

    class Meta:
        ordering: ClassVar = ["number"]

    def __str__(self) -> str:
        return f"Slot {self.number}"
