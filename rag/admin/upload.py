"""The page on which many files are handed in at once.

With JavaScript each file goes to the API by itself, with a bar for its progress (upload.js); without it the form sends
all of them here.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from rag.access import access_collections
from rag.admin.document_forms import ACCEPTED, KINDS, LARGEST_MB, UploadForm
from rag.use_cases.room import LARGEST_DOCUMENT
from rag.use_cases.upload_documents import MOST_FILES, Uploaded, upload_documents
from tenants.admin import actor_in_console
from tenants.errors import AtriumError


def upload_context(request: HttpRequest) -> dict[str, Any]:
    """What the page shows; stores the files that were sent with it."""
    actor, sent = actor_in_console(request), request.method == "POST"
    initial = {"collection": request.GET.get("collection")}
    files = {"chosen": request.FILES.getlist("chosen")} if sent else None
    form = UploadForm(actor, request.POST if sent else None, files, initial=initial)  # type: ignore[arg-type]
    uploaded: Uploaded | None = None
    if sent and form.is_valid():
        try:
            uploaded = upload_documents(actor, form.cleaned_data["collection"].pk, form.cleaned_data["chosen"], {})
        except AtriumError as error:
            form.add_error(None, error.detail)
    return {
        "title": "Upload files",
        "form": form,
        "uploaded": uploaded,
        "has_collection": access_collections(actor).exists(),
        "kinds": KINDS,
        "accepted": ACCEPTED,
        "largest_mb": LARGEST_MB,
        "largest": LARGEST_DOCUMENT,
        "most_files": MOST_FILES,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "states_url": reverse("admin:rag_document_states"),
    }
