"""The console page about one document: what it is, how its text was split, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.messages import ERROR, SUCCESS, WARNING
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from rag.admin.document_forms import ChangeDocumentForm, ReplaceForm
from rag.admin.words import what_to_do
from rag.downloads import as_download
from rag.models import Document
from rag.use_cases.add_document import replace_document
from rag.use_cases.change_document import change_document
from rag.use_cases.documents import cancel_document, get_original, reprocess_document
from rag.use_cases.preview_document import passage_at, preview_document
from rag.use_cases.room import check_size
from tenants.admin import UseCaseAdmin, actor_in_console, adopt, moment_column
from tenants.errors import AtriumError, NotFound


class DocumentPage(UseCaseAdmin):
    """One document."""

    readonly_fields = ("came_from", "kind", "size_for_people", "hash", "versions", "added", "changed", "collection")
    fieldsets = (
        ("What is said about it", {"fields": ("title", "metadata")}),
        (
            "What it is",
            {
                "fields": (
                    ("collection", "came_from"),
                    ("kind", "size_for_people"),
                    ("versions", "hash"),
                    ("added", "changed"),
                )
            },
        ),
    )
    changed = moment_column("updated_at", "Last change")
    change_form_template = "console/document.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What a document is, is not written but read."""
        return self.readonly_fields if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form for what is said about a document."""
        if change:
            kwargs["form"] = ChangeDocumentForm
        return super().get_form(request, obj, change=change, **kwargs)

    def save_changes(self, request: HttpRequest, obj: Document, form: Any) -> None:
        """Have the use case store what was changed, and nothing else."""
        changes = {name: form.cleaned_data[name] for name in ("title", "metadata") if name in form.changed_data}
        if changes:
            adopt(obj, change_document(actor_in_console(request), obj.pk, **changes))
        request.titled = "title" in changes  # type: ignore[attr-defined]

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """The page again, on which a new title can be watched arriving."""
        said = "It is read anew, for its new title." if getattr(request, "titled", False) else "Saved."
        self.message_user(request, said, SUCCESS)
        return self._to(obj.pk)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The page; here the permission to see it has been asked for."""
        document = context.get("original")
        if document is not None:
            passage = _whole(request, "passage", 1)
            context |= {
                "preview": preview_document(actor_in_console(request), document.pk, passage),
                "what_to_do": what_to_do(document),
                "replace_form": ReplaceForm(),
                "under_way": document.status in Document.UNDER_WAY,
                "states_url": reverse(f"{self.admin_site.name}:rag_document_states"),
                "show_history": False,
            }
        return super().render_change_form(request, context, *args, **kwargs)

    # -- what is done with it

    def get_urls(self) -> list[Any]:
        """What is done with a document, before its page."""

        def one(name: str, view: Callable[..., HttpResponse]) -> Any:
            way = self.admin_site.admin_view(view)
            return path(f"<uuid:object_id>/{name}/", way, name=f"rag_document_{name}")

        return [
            one("original", self.original_view),
            # What a project's own retriever calls a document may be no UUID.
            path("<path:object_id>/cited/", self.admin_site.admin_view(self.cited_view), name="rag_document_cited"),
            one("reprocess", self.reprocess_view),
            one("cancel", self.cancel_view),
            one("replace", self.replace_view),
            *super().get_urls(),
        ]

    def original_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """What was handed in last, to be saved."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            return as_download(get_original(actor_in_console(request), object_id))
        except NotFound as error:
            raise Http404 from error

    def cited_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the passage that an answer cites: the character ``at`` of a ``version``."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version, at = _whole(request, "version", 0), _whole(request, "at", 0)
        try:
            number = passage_at(actor_in_console(request), UUID(object_id), version, at)
        except (NotFound, ValueError) as error:
            raise Http404 from error
        if number is None:
            said = "The document has been changed since it was cited: the passage may not be there any more."
            self.message_user(request, said, WARNING)
            return self._to(object_id)
        return self._to(object_id, f"?passage={number}#passage-{number}")

    def reprocess_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Take it in anew."""
        actor = actor_in_console(request)
        return self._do(request, object_id, lambda: reprocess_document(actor, object_id), "It is taken in anew.")

    def cancel_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Do not take it in."""
        actor = actor_in_console(request)
        return self._do(request, object_id, lambda: cancel_document(actor, object_id), "Cancelled.")

    def replace_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Hand in a new version. Without a file there is nothing to do, and that is said."""
        form = ReplaceForm(request.POST, request.FILES)

        def replace() -> None:
            file = form.cleaned_data["file"]
            check_size(file.size or 0)
            replace_document(actor_in_console(request), object_id, file.read(), source=file.name or "")

        if form.is_valid():
            return self._do(request, object_id, replace, "The new version is handed in, and answers when it is ready.")
        return self._do(request, object_id, None, "Choose a file that is not empty.")

    def _do(self, request: HttpRequest, object_id: Any, use_case: Callable[[], Any] | None, said: str) -> HttpResponse:
        """Do it, say so, and show the document's page. Without ``use_case`` only say why not."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if not self.get_queryset(request).filter(pk=object_id).exists():
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            if use_case is not None:
                use_case()
            self.message_user(request, said, SUCCESS if use_case else ERROR)
        except AtriumError as error:
            self.message_user(request, error.detail, ERROR)
        return self._to(object_id)

    def _to(self, object_id: Any, place: str = "") -> HttpResponse:
        return redirect(reverse(f"{self.admin_site.name}:rag_document_change", args=[object_id]) + place)

    # -- fields

    @display(description="Source")
    def came_from(self, document: Document) -> str:
        """The file's name or address."""
        return document.source or "pasted text"

    @display(description="SHA-256 of the original")
    def hash(self, document: Document) -> SafeString | str:
        """In hexadecimal digits, which may be broken anywhere."""
        return format_html('<span class="console-hash">{}</span>', document.sha256) if document.sha256 else "-"

    @display(description="Versions")
    def versions(self, document: Document) -> str:
        """Which was handed in last, and which answers."""
        if document.indexed_version == document.version:
            return f"Version {document.version}, which answers"
        answers = f"version {document.indexed_version} answers" if document.indexed_version else "none answers yet"
        return f"Version {document.version} was handed in; {answers}"


def _whole(request: HttpRequest, name: str, otherwise: int) -> int:
    """A number of the address; ``otherwise`` where it has none, or a nonsensical one."""
    given = request.GET.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else otherwise
