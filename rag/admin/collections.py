"""The console pages about collections: what documents are grouped in, who reads them, and how they are split."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib.messages import ERROR, SUCCESS
from django.core.exceptions import PermissionDenied
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.decorators import display

from rag.access import access_collections
from rag.admin.collection_forms import LATER, EmbeddingModelForm, NewCollectionForm
from rag.admin.readers import rules_about
from rag.models import Collection, Document
from rag.use_cases.change_embedding_model import (
    change_embedding_model,
    embedding_cost,
    reembedding_progress,
)
from rag.use_cases.collections import (
    NameDoesNotMatch,
    change_collection,
    delete_named_collection,
    reprocess_collection,
)
from rag.use_cases.create_collection import create_collection
from rag.use_cases.lists import Figures, collection_figures
from tenants.admin import UseCaseAdmin, actor_in_console, adopt, moment_column
from tenants.errors import AtriumError, NotFound

_CHANGED = ("name", "description", "chunk_tokens", "overlap_tokens")
_SPLITTING = ("chunk_tokens", "overlap_tokens")


class CollectionAdmin(UseCaseAdmin):
    """Collections: what documents are grouped in. The language is chosen once."""

    list_display = ("name", "description", "document_count", "language", "embedding_model", "made")
    search_fields = ("name", "description")
    ordering = ("name",)  # the model's does not hold where rows are grouped to be counted
    add_fieldsets = (
        (None, {"fields": ("name", "description", ("language", "embedding_model"))}),
        ("How documents are split", {"fields": (_SPLITTING,)}),
    )
    fieldsets = (
        (None, {"fields": ("name", "description")}),
        ("How documents are split", {"description": LATER, "fields": (_SPLITTING,)}),
        ("Chosen when it was made", {"fields": (("language", "made"),)}),
    )
    made = moment_column("created_at", "Made")
    change_form_template = "console/collection.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Collection]:
        """The collections that the person may read, with the number of their documents."""
        documents = Document.objects.filter(collection=OuterRef("pk")).order_by().values("collection")
        counted = documents.annotate(number=Count("*")).values("number")
        number = Coalesce(Subquery(counted, output_field=IntegerField()), 0)
        return access_collections(actor_in_console(request)).order_by("name").annotate(documents_in_it=number)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """An index of words is made for one language."""
        return ("language", "made") if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form for a new collection, or Django's own for what can be changed."""
        if not change:
            kwargs["form"] = NewCollectionForm
        return super().get_form(request, obj, change=change, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A description of a few lines."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "description" and field is not None:
            field.widget.attrs["rows"] = 3
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Make the collection, or store what was changed."""
        actor, given = actor_in_console(request), form.cleaned_data
        if change:
            changes = {name: given[name] for name in _CHANGED if name in form.changed_data}
            request.was_split_otherwise = bool(changes.keys() & set(_SPLITTING))  # type: ignore[attr-defined]
            adopt(obj, change_collection(actor, obj.pk, changes))
            return
        lengths = {name: given[name] for name in _SPLITTING}
        made = create_collection(
            actor, obj.name, obj.description, given["language"], given.get("embedding_model", ""), **lengths
        )
        adopt(obj, made)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """The page again; where documents are now split otherwise than those that are there, that is said."""
        said = "Saved."
        if getattr(request, "was_split_otherwise", False) and obj.documents.exists():
            said = "Saved. The documents that are there stay as they were split until they are taken in anew."
        self.message_user(request, said, SUCCESS)
        return self._to(obj.pk)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Its page, which offers to hand documents in."""
        self.message_user(request, f"{obj} is made. It waits for documents.", SUCCESS)
        return self._to(obj.pk)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The page; here the permission to see it has been asked for."""
        collection = context.get("original")
        if collection is not None:
            context |= self._shown(request, collection)
        return super().render_change_form(request, context, *args, **kwargs)

    def _shown(self, request: HttpRequest, collection: Collection) -> dict[str, Any]:
        actor = actor_in_console(request)
        sees_rules = request.user.has_perm("tenants.view_accessrule")  # type: ignore[union-attr]
        new_rule = {"action": "collection.read", "collection": str(collection.pk), "note": f"About {collection.name}"}
        return {
            "collection": collection,
            "figures": (figures := collection_figures(actor, collection.pk)),
            "statuses": [
                (status.value, status.label, number)
                for status in Document.Status
                if (number := figures.by_status[status])
            ],
            "rules": rules_about(collection) if sees_rules else None,
            "may_add_rule": request.user.has_perm("tenants.add_accessrule"),  # type: ignore[union-attr]
            "new_rule": urlencode(new_rule),
            "model": embedding_cost(collection),
            "progress": reembedding_progress(collection),
            "show_history": False,
        }

    # -- what is done with it

    def get_urls(self) -> list[Any]:
        """What is done with a collection, before its page."""

        def one(address: str, name: str, view: Callable[..., HttpResponse]) -> Any:
            return path(f"<uuid:object_id>/{address}/", self.admin_site.admin_view(view), name=f"rag_collection_{name}")

        return [
            one("reprocess", "reprocess", self.reprocess_view),
            one("progress", "progress", self.progress_view),
            one("embedding-model", "model", self.model_view),
            *super().get_urls(),
        ]

    def reprocess_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Take all of its documents in anew."""
        self._find(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        count = reprocess_collection(actor_in_console(request), object_id)
        self.message_user(request, f"Taken in anew, in the background: {count:,} documents.", SUCCESS)
        return self._to(object_id)

    def progress_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """How far its documents are, and a change of its model, for pages that keep themselves up to date."""
        try:
            figures = collection_figures(actor_in_console(request), object_id)
        except NotFound as error:
            raise Http404 from error
        collection = Collection.objects.filter(pk=object_id).first()
        response = JsonResponse(_progress(figures, collection))
        response["Cache-Control"] = "private, no-store"
        return response

    def model_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """What another embedding model costs; begin with it, or break it off."""
        collection, actor = self._find(request, object_id), actor_in_console(request)
        form = EmbeddingModelForm(collection, request.POST or None)
        if request.method == "POST":
            breaks_off = "break_off" in request.POST
            if breaks_off or form.is_valid():
                wanted = collection.embedding_model if breaks_off else form.cleaned_data["model"]
                try:
                    change_embedding_model(actor, collection.pk, wanted)
                except AtriumError as error:
                    self.message_user(request, error.detail, ERROR)
                else:
                    said = "It stays as it is." if breaks_off else f"{collection} is being embedded by {wanted}."
                    self.message_user(request, said, SUCCESS)
                return redirect(request.path)
        more = {
            "title": f"Embedding model of {collection}",
            "collection": collection,
            "form": form,
            "model": embedding_cost(collection),
            "progress": reembedding_progress(collection),
        }
        return self._page(request, "console/embedding_model.html", more)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask for the collection's name, and delete it with all that is in it."""
        collection = self.get_object(request, object_id)
        if collection is None:
            raise Http404
        if not self.has_delete_permission(request, collection):
            raise PermissionDenied
        actor, refusal = actor_in_console(request), ""
        if request.method == "POST":
            try:
                deleted = delete_named_collection(actor, collection.pk, request.POST.get("name", ""))
            except NameDoesNotMatch as error:
                refusal = error.detail
            else:
                self.message_user(request, f"{deleted.name} is deleted.", SUCCESS)
                return redirect(reverse(f"{self.admin_site.name}:rag_collection_changelist"))
        more = {
            "title": f"Delete {collection}",
            "collection": collection,
            "figures": collection_figures(actor, collection.pk),
            "rules": len(rules_about(collection, only_named=True)),
            "refusal": refusal,
        }
        return self._page(request, "console/delete_collection.html", more)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """From a collection's own page only, where its name is asked for."""
        return obj is not None and super().has_delete_permission(request, obj)

    def _find(self, request: HttpRequest, object_id: Any) -> Collection:
        if not self.has_change_permission(request):
            raise PermissionDenied
        collection = access_collections(actor_in_console(request)).filter(pk=object_id).first()
        if collection is None:
            raise Http404
        return collection

    def _page(self, request: HttpRequest, template: str, more: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, template, {**self.admin_site.each_context(request), "opts": self.opts, **more})

    def _to(self, object_id: Any) -> HttpResponse:
        return redirect(reverse(f"{self.admin_site.name}:rag_collection_change", args=[object_id]))

    @display(description="Documents")
    def document_count(self, collection: Any) -> int:
        """How many documents are in it."""
        return collection.documents_in_it


def _progress(figures: Figures, collection: Collection | None) -> dict[str, Any]:
    changing = reembedding_progress(collection) if collection is not None else None
    return {
        "by_status": figures.by_status,
        "documents": figures.documents,
        "passages": figures.passages,
        "under_way": figures.under_way,
        "reembedding": {"done": changing.done, "chunks": changing.chunks} if changing else None,
    }
