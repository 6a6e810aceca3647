"""Get the document that an address stands for."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from rag.extraction.protocol import Request
from rag.ingest.kinds import guess_media_type
from rag.models import Document, Original
from rag.use_cases.room import LARGEST_DOCUMENT, check_room
from tenants.network import FetchLimits, fetch

_SECONDS = 60.0


def fetch_original(document_id: UUID, queued_at: datetime, request: Request) -> Request:
    """Fetch the page or file anew, keep it as the document's original, and return what is to be read.

    Raises subclasses of ``FetchFailed``; ``PlanLimit`` where the plan does not hold what was found.
    """
    fetched = fetch(request.name, limits=FetchLimits(size=LARGEST_DOCUMENT, seconds=_SECONDS))
    media_type = guess_media_type(request.name, fetched.media_type)
    with transaction.atomic():
        document = Document.objects.select_for_update().defer("text").filter(pk=document_id).first()
        if document is not None and document.queued_at == queued_at:
            check_room(document, len(fetched.body))
            document.sha256, document.size = hashlib.sha256(fetched.body).hexdigest(), len(fetched.body)
            document.media_type = media_type
            document.save(update_fields=["sha256", "size", "media_type"])
            Original.objects.filter(document=document).update(content=fetched.body)
    return replace(request, content=fetched.body, told=media_type)
