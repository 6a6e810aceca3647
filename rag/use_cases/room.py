"""How much a tenant may store."""

from __future__ import annotations

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from rag.models import Document
from rag.models.document import not_deleted
from tenants.budgets.plans import DOCUMENTS, check_room_for_documents, limits_documents, one_at_a_time
from tenants.errors import TooLarge

LARGEST_DOCUMENT = 20 * 1024 * 1024  # bytes


def check_size(size: int) -> None:
    """Raises ``TooLarge`` for a document of so many bytes."""
    if size > LARGEST_DOCUMENT:
        raise TooLarge(f"A document has at most {LARGEST_DOCUMENT // 1024**2} MB; this one has {size:,} bytes.")


def check_room(document: Document, size: int) -> None:
    """Raises ``PlanLimit`` where the tenant's plan does not hold the document, of so many bytes, beside the others.

    In the transaction that stores it.
    """
    if not limits_documents():
        return
    one_at_a_time(DOCUMENTS)
    others = not_deleted(Document.objects.exclude(pk=document.pk))
    count, stored = others.aggregate(count=Count("pk"), stored=Coalesce(Sum("size"), 0)).values()
    check_room_for_documents(others=count, stored=stored, added=size)
