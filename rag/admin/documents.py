"""The console pages about documents: the list, and what is done with those that are chosen on it."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import RelatedFieldListFilter, SimpleListFilter
from django.contrib.messages import ERROR, SUCCESS, WARNING
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from rag.access import access_collections, access_documents
from rag.admin.document_forms import AddDocumentForm
from rag.admin.document_page import DocumentPage
from rag.admin.search import search_context
from rag.admin.states import states_view
from rag.admin.upload import upload_context
from rag.admin.words import state_tag
from rag.ingest.kinds import CSV, DOCX, EPUB, HTML, JSON, MARKDOWN, PDF, PLAIN, PPTX, XLSX
from rag.models import Document
from rag.models.document import WORDS_OF_DOCUMENT
from rag.use_cases.add_document import add_address, add_document
from rag.use_cases.delete_document import delete_document
from rag.use_cases.documents import MOST_AT_ONCE, cancel_all
from rag.use_cases.reprocess import reprocess_all
from tenants.admin import actor_in_console, adopt, moment_column

TEXT_TYPE = "text/markdown"
KINDS = {
    PDF: "PDF",
    DOCX: "Word",
    XLSX: "Excel",
    PPTX: "PowerPoint",
    EPUB: "EPUB",
    HTML: "Web page",
    MARKDOWN: "Markdown",
    PLAIN: "Text",
    CSV: "CSV",
    JSON: "JSON",
}


class KindFilter(SimpleListFilter):
    """Documents of one kind of file."""

    title, parameter_name = "type", "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The kinds that can be read."""
        return list(KINDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> QuerySet[Document]:
        """By an index that has the list's order."""
        return queryset.filter(media_type=self.value()) if self.value() in KINDS else queryset


class CollectionFilter(RelatedFieldListFilter):
    """Documents of one of the collections that the person may read."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        """By name."""
        return list(access_collections(actor_in_console(request)).order_by("name").values_list("pk", "name"))


class DocumentAdmin(DocumentPage):
    """Documents: added, watched while they are taken in, replaced, and deleted."""

    actions = ("take_in_anew", "cancel")
    actions_list = ("search_page",)
    list_display = ("name", "collection", "state", "kind", "passages", "size_for_people", "added")
    list_display_links = ("name",)
    list_select_related = ("collection",)
    list_filter = ("status", ("collection", CollectionFilter), KindFilter)
    search_words = WORDS_OF_DOCUMENT
    search_help_text = "Words of its title or source, or how they begin"
    sortable_by = ("added",)
    add_fieldsets = ((None, {"fields": ("collection", "file", "address", "content", "title", "metadata")}),)
    added = moment_column("created_at", "Added")
    change_list_template = "console/documents.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        """The documents that the person may read, without their text, which may be megabytes."""
        return access_documents(actor_in_console(request)).defer("text", "metadata")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form for adding a document, or for what is said about one."""
        if not change:
            kwargs["form"] = AddDocumentForm
        return super().get_form(request, obj, change=change, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """To choose from: the collections that the person may read."""
        if db_field.name == "collection":
            kwargs["queryset"] = access_collections(actor_in_console(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Hand the document in, or change what is said about it."""
        if change:
            self.save_changes(request, obj, form)
            return
        given, actor = form.cleaned_data, actor_in_console(request)
        more = {"title": given["title"], "metadata": given["metadata"]}
        collection, file = given["collection"].pk, given["file"]
        if given["address"]:
            document = add_address(actor, collection, given["address"], **more)
        elif file:
            document = add_document(actor, collection, file.read(), source=file.name, **more)
        else:
            document = add_document(actor, collection, given["content"], media_type=TEXT_TYPE, **more)
        adopt(obj, document)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """The list, where the new document's status can be watched."""
        if obj.status == Document.Status.READY:
            said = f"“{obj}” was there already, letter by letter: nothing has changed."
        else:
            said = f"“{obj}” is handed in. It answers questions as soon as it is ready."
        self.message_user(request, said, SUCCESS)
        return self.response_post_save_add(request, obj)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list, which keeps itself up to date while something on it is in work."""
        states = {"states_url": reverse(f"{self.admin_site.name}:rag_document_states")}
        return super().changelist_view(request, {**states, **(extra_context or {})})

    # -- pages beside the list

    def get_urls(self) -> list[Any]:
        """Before the pages of single documents."""
        view, name = self.admin_site.admin_view, "rag_document"
        return [
            path("search/", view(self.search_view), name=f"{name}_search"),
            path("upload/", view(self.upload_view), name=f"{name}_upload"),
            path("states/", view(self.states_view), name=f"{name}_states"),
            *super().get_urls(),
        ]

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Hand in many files at once."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self.page(request, "console/upload.html", upload_context(request))

    def states_view(self, request: HttpRequest) -> HttpResponse:
        """How far documents are. Whose page asks is staff, and is told of what it may read."""
        return states_view(request)

    @action(description="Try the search", icon="search")
    def search_page(self, request: HttpRequest) -> HttpResponse:
        """To the page on which the search is tried."""
        return redirect(reverse(f"{self.admin_site.name}:rag_document_search"))

    def search_view(self, request: HttpRequest) -> HttpResponse:
        """What a search finds, and why."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.page(request, "console/search.html", search_context(request, actor_in_console(request)))

    def page(self, request: HttpRequest, template: str, more: dict[str, Any]) -> HttpResponse:
        """A page of our own in this console."""
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, template, {**self.admin_site.each_context(request), "opts": self.opts, **more})

    # -- what is done with chosen documents

    @action(description="Take in anew, as their collection is set now")
    def take_in_anew(self, request: HttpRequest, documents: QuerySet[Document]) -> None:
        """Read, split and embed the chosen documents anew, in the background."""
        count = reprocess_all(actor_in_console(request), documents)
        self.message_user(request, f"Taken in anew: {count:,}. What was there before answers until then.", SUCCESS)

    @action(description="Cancel taking in")
    def cancel(self, request: HttpRequest, documents: QuerySet[Document]) -> None:
        """Do not take the chosen documents in."""
        asked = documents.count()
        count = cancel_all(actor_in_console(request), documents)
        if count:
            self.message_user(request, f"Cancelled: {count:,}.", SUCCESS)
        if count < asked:
            self.message_user(request, f"Not being taken in, and left as they were: {asked - count:,}.", WARNING)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The documents alone: passages, vectors and postings go with them and would be thousands of lines."""
        names = [str(document) for document in objs[: MOST_AT_ONCE + 1]]
        return names, {self.opts.verbose_name_plural: len(names)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the document and its place in the indexes."""
        delete_document(actor_in_console(request), obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        """Delete the chosen documents, if they are not too many for one request."""
        chosen = list(queryset[: MOST_AT_ONCE + 1])
        if len(chosen) > MOST_AT_ONCE:
            said = f"Nothing was deleted: more than {MOST_AT_ONCE} at once. Choose fewer, or delete their collection."
            self.message_user(request, said, ERROR)
            return
        for document in chosen:
            self.delete_model(request, document)

    # -- columns

    @display(description="Document", header=True, ordering="title")
    def name(self, document: Document) -> tuple[str, str]:
        """Title, and where it came from."""
        return str(document), document.source if document.source != str(document) else ""

    @display(description="Status", ordering="status")
    def state(self, document: Document) -> SafeString:
        """How far it is, coloured, and why."""
        return state_tag(document)

    @display(description="Type")
    def kind(self, document: Document) -> str:
        """The kind of file, for a person."""
        return KINDS.get(document.media_type, document.media_type)

    @display(description="Passages", ordering="chunk_count")
    def passages(self, document: Document) -> SafeString:
        """How many passages it was split into."""
        return format_html('<span data-passages="{}">{}</span>', document.pk, document.chunk_count)

    @display(description="Size", ordering="size")
    def size_for_people(self, document: Document) -> str:
        """In KB or MB."""
        return filesizeformat(document.size)
