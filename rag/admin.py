"""The console pages about a tenant's knowledge. They are registered on the site above (atrium/consoles.py)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.messages import SUCCESS
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from rag.models import Chunk, Collection, Document
from rag.models.collection import DEFAULT_LANGUAGE
from rag.search_admin import search_context
from rag.use_cases.add_document import LARGEST_DOCUMENT, add_document
from rag.use_cases.create_collection import create_collection
from rag.use_cases.delete_document import delete_document
from rag.use_cases.documents import cancel_document, reprocess_document
from tenants.admin import UseCaseAdmin, actor_in_console, adopt, moment_column

MOST_PASSAGES = 200  # on a document's page
LONGEST_REASON = 90  # characters of an error in the list
TEXT_TYPE = "text/markdown"
STATUS_COLOURS = {
    "Queued": "info",
    "Extracting": "info",
    "Embedding": "info",
    "Ready": "success",
    "Failed": "danger",
    "Cancelled": "warning",
}


def _languages() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cfgname FROM pg_ts_config ORDER BY cfgname")
        return [(name, name.capitalize()) for (name,) in cursor.fetchall()]


class NewCollectionForm(forms.ModelForm):
    """A new, empty collection."""

    language = forms.ChoiceField(
        choices=_languages,
        initial=DEFAULT_LANGUAGE,
        widget=UnfoldAdminSelectWidget,
        help_text="Of its documents: words are searched by their stems. Simple takes each word as it is.",
    )

    class Meta:
        model = Collection
        fields = ("name", "description", "language")


class CollectionAdmin(UseCaseAdmin):
    """Collections: what documents are grouped in. Language and embedding model are chosen once."""

    list_display = ("name", "description", "document_count", "language", "made")
    search_fields = ("name", "description")
    ordering = ("name",)  # the model's does not hold where rows are grouped to be counted
    add_fieldsets = ((None, {"fields": ("name", "description", "language")}),)
    fieldsets = ((None, {"fields": ("name", "description", ("language", "embedding_model", "made"))}),)
    made = moment_column("created_at", "Made")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Collection]:
        """Collections with the number of their documents."""
        documents = Document.objects.filter(collection=OuterRef("pk")).order_by().values("collection")
        counted = documents.annotate(number=Count("pk")).values("number")
        number = Coalesce(Subquery(counted, output_field=IntegerField()), 0)
        return super().get_queryset(request).annotate(documents_in_it=number)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """An index is made for one language and one model."""
        return ("language", "embedding_model", "made") if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form for a new collection, or Django's own for its name and description."""
        if not change:
            kwargs["form"] = NewCollectionForm
        return super().get_form(request, obj, change=change, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Documents are deleted one by one."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Make the collection, or store its new name and description."""
        if change:
            super().save_model(request, obj, form, change)
            return
        actor = actor_in_console(request)
        adopt(obj, create_collection(actor, obj.name, obj.description, form.cleaned_data["language"]))

    @display(description="Documents")
    def document_count(self, collection: Any) -> int:
        """How many documents are in it."""
        return collection.documents_in_it


class AddDocumentForm(forms.ModelForm):
    """A file, or a text that was pasted."""

    file = forms.FileField(
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        help_text="pdf, docx, pptx, xlsx, epub, html, md, txt, csv or json, of at most "
        f"{LARGEST_DOCUMENT // 1024**2} MB. A file of the same name replaces the one before it.",
    )
    content = forms.CharField(
        label="Or a text",
        required=False,
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
        help_text="Markdown headings become the passages' headings.",
    )
    title = forms.CharField(
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        help_text="As answers cite it. Without one it is taken from the document.",
    )

    class Meta:
        model = Document
        fields = ("collection", "title")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        only = list(Collection.objects.values_list("pk", flat=True)[:2])
        if len(only) == 1:
            self.fields["collection"].initial = only[0]
        elif not only:
            self.fields["collection"].help_text = "There is none yet. Make one first, under Collections."

    def clean(self) -> dict[str, Any]:
        """Exactly one of file and text."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        file, text = given.get("file"), given.get("content", "").strip()
        if file and text:
            self.add_error("content", "Give either a file or a text.")
        elif not file and not text and "file" not in self.errors:
            self.add_error("file", "Choose a file, or paste a text below.")
        elif file and file.size > LARGEST_DOCUMENT:
            self.add_error("file", f"This file is larger than {LARGEST_DOCUMENT // 1024**2} MB.")
        return given


class DocumentAdmin(UseCaseAdmin):
    """Documents: added, watched while they are taken in, and deleted. What they say is changed at their source."""

    actions = ("take_in_anew", "cancel")
    actions_list = ("search_page",)
    list_display = ("name", "collection", "state", "passages", "size_for_people", "added")
    list_display_links = ("name",)
    list_select_related = ("collection",)
    list_filter = ("status", "collection")
    search_words = ("title", "source")
    search_help_text = "Words of its title or source, or how they begin"
    sortable_by = ("added",)
    add_fieldsets = ((None, {"fields": ("collection", "file", "content", "title")}),)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("state", "passages", "collection"),
                    ("came_from", "media_type", "size_for_people"),
                    ("added", "changed", "version"),
                )
            },
        ),
    )
    added = moment_column("created_at", "Added")
    changed = moment_column("updated_at", "Last change")
    change_form_template = "console/document.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        """Documents without their text, which may be megabytes."""
        return super().get_queryset(request).defer("text", "metadata")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form for adding a document."""
        if not change:
            kwargs["form"] = AddDocumentForm
        return super().get_form(request, obj, change=change, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A document is replaced by a new version, not edited."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Hand the document in."""
        given = form.cleaned_data
        file = given["file"]
        document = add_document(
            actor_in_console(request),
            given["collection"].pk,
            file.read() if file else given["content"],
            source=file.name if file else "",
            title=given["title"],
            media_type="" if file else TEXT_TYPE,
        )
        adopt(obj, document)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """The list, where the new document's status can be watched."""
        self.message_user(request, f"“{obj}” is handed in. It answers questions as soon as it is ready.", SUCCESS)
        return self.response_post_save_add(request, obj)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """The document with its passages. They are read when the page is written: not for somebody who is refused."""
        passages = Chunk.objects.filter(document_id=object_id).only("ordinal", "heading", "page", "text")
        shown = {"passages": passages[:MOST_PASSAGES], "most_passages": MOST_PASSAGES, "show_history": False}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    # -- searching

    def get_urls(self) -> list[Any]:
        """The page on which the search is tried, before the pages of single documents."""
        view = self.admin_site.admin_view(self.search_view)
        return [path("search/", view, name="rag_document_search"), *super().get_urls()]

    @action(description="Try the search", icon="search")
    def search_page(self, request: HttpRequest) -> HttpResponse:
        """To the page on which the search is tried."""
        return redirect(reverse(f"{self.admin_site.name}:rag_document_search"))

    def search_view(self, request: HttpRequest) -> HttpResponse:
        """What a search finds, and why."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        found = search_context(request, actor_in_console(request))
        context = {**self.admin_site.each_context(request), "opts": self.opts, **found}
        return TemplateResponse(request, "console/search.html", context)

    # -- taking in

    @action(description="Take in anew, as their collection is set now")
    def take_in_anew(self, request: HttpRequest, documents: QuerySet[Document]) -> None:
        """Read, split and embed the chosen documents anew."""
        actor = actor_in_console(request)
        self.do_to_each(request, documents, lambda row: reprocess_document(actor, row.pk), "Taken in anew")

    @action(description="Cancel taking in")
    def cancel(self, request: HttpRequest, documents: QuerySet[Document]) -> None:
        """Do not take the chosen documents in."""
        actor = actor_in_console(request)
        self.do_to_each(request, documents, lambda row: cancel_document(actor, row.pk), "Cancelled")

    # -- deleting

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The documents alone: passages, vectors and postings go with them and would be thousands of lines."""
        names = [str(document) for document in objs]
        return names, {self.opts.verbose_name_plural: len(names)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the document and its place in the indexes."""
        delete_document(actor_in_console(request), obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        """Delete the chosen documents."""
        for document in queryset:
            self.delete_model(request, document)

    # -- columns

    @display(description="Document", header=True, ordering="title")
    def name(self, document: Document) -> tuple[str, str]:
        """Title, and why it failed or where it came from."""
        if document.status == Document.Status.FAILED and document.error:
            return str(document), document.error[:LONGEST_REASON]
        return str(document), document.source if document.source != str(document) else ""

    @display(description="Status", label=STATUS_COLOURS, ordering="status")
    def state(self, document: Document) -> str:
        """How far it is, coloured."""
        return document.get_status_display()

    @display(description="Passages", ordering="chunk_count")
    def passages(self, document: Document) -> int:
        """How many passages it was split into."""
        return document.chunk_count

    @display(description="Source")
    def came_from(self, document: Document) -> str:
        """The file's name or address."""
        return document.source or "pasted text"

    @display(description="Size", ordering="size")
    def size_for_people(self, document: Document) -> str:
        """In KB or MB."""
        return filesizeformat(document.size)
