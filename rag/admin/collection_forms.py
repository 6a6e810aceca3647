"""The forms about collections: to make one, to change it, and to give it another embedding model."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import connection
from unfold.widgets import UnfoldAdminSelectWidget

from rag.ingest.embed import reachable_models
from rag.models import Collection
from rag.models.collection import DEFAULT_LANGUAGE

LATER = (
    "This holds for documents that are taken in from now on. The others stay as they were split until they are taken"
    " in anew: “Take all documents in anew” above does that, in the background, and they go on answering meanwhile."
)


def _languages() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cfgname FROM pg_ts_config ORDER BY cfgname")
        return [(name, name.capitalize()) for (name,) in cursor.fetchall()]


def _models() -> list[tuple[str, str]]:
    return [(name, name) for name in reachable_models()]


class NewCollectionForm(forms.ModelForm):
    """A new, empty collection."""

    language = forms.ChoiceField(
        choices=_languages,
        initial=DEFAULT_LANGUAGE,
        widget=UnfoldAdminSelectWidget,
        help_text="Of its documents: words are searched by their stems. Simple takes each word as it is.",
    )
    embedding_model = forms.ChoiceField(
        choices=_models,
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="It finds passages by meaning. It can be changed later.",
    )

    class Meta:
        model = Collection
        fields = ("name", "description", "language", "embedding_model", "chunk_tokens", "overlap_tokens")


class EmbeddingModelForm(forms.Form):
    """Which model the collection is to have."""

    model = forms.ChoiceField(label="The new model", widget=UnfoldAdminSelectWidget)

    def __init__(self, collection: Collection, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = [name for name in reachable_models() if name != collection.embedding_model]
        self.fields["model"].choices = [(name, name) for name in others]  # type: ignore[attr-defined]
