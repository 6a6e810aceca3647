"""The forms about documents: to add one, to change what is said about it, to replace it, to upload many."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from rag.access import access_collections
from rag.models import Collection, Document
from rag.use_cases.change_document import parse_metadata
from rag.use_cases.room import LARGEST_DOCUMENT
from tenants.actors import Actor
from tenants.errors import InvalidInput

LARGEST_MB = LARGEST_DOCUMENT // 1024**2
KINDS = "pdf, docx, pptx, xlsx, epub, html, md, txt, csv or json"
ACCEPTED = (
    ".pdf,.docx,.pptx,.xlsx,.epub,.html,.htm,.xhtml,.md,.markdown,.txt,.text,.csv,.tsv,.json,.jsonl,.ndjson,text/*"
)
"""What a browser's file dialog shows at first."""


class MetadataField(forms.CharField):
    """A JSON object, written as text; what cannot be stored is said at the field."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 6, "spellcheck": "false", "class": "console-json"})

    def __init__(self, **kwargs: Any) -> None:
        told = 'A JSON object, such as {"team": "sales", "year": 2024}. Searches can be narrowed by it.'
        super().__init__(**{"required": False, "help_text": told, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        """The object, one line for each key."""
        return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) and value else value or ""

    def clean(self, value: Any) -> dict[str, Any]:
        """The object. Raises ``ValidationError``, also with where the JSON breaks off."""
        text = super().clean(value)
        try:
            return parse_metadata(text)
        except InvalidInput as error:
            raise forms.ValidationError(f"{error.detail}{_where(text)}") from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another object was written; other spaces are none."""
        try:
            return json.loads(data or "{}") != (initial or {})
        except (ValueError, RecursionError):
            return True


def _where(text: str) -> str:
    try:
        json.loads(text)
    except RecursionError:
        return ""
    except ValueError as error:
        return f" It is not JSON: {error}." if isinstance(error, json.JSONDecodeError) else ""
    return ""


class AddDocumentForm(forms.ModelForm):
    """A file, an address, or a text that was pasted."""

    file = forms.FileField(
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPTED}),
        help_text=f"{KINDS}, of at most {LARGEST_MB} MB. A file of the same name replaces the one before it.",
    )
    address = forms.CharField(
        label="Or an address",
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "url", "placeholder": "https://"}),
        help_text="Of one page or file that can be read without signing in. It is fetched by this service.",
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
    metadata = MetadataField()

    class Meta:
        model = Document
        fields = ("collection", "title")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        only = list(self.fields["collection"].queryset.values_list("pk", flat=True)[:2])  # type: ignore[attr-defined]
        if len(only) == 1:
            self.fields["collection"].initial = only[0]
        elif not only:
            self.fields["collection"].help_text = "There is none yet. Make one first, under Collections."

    def clean(self) -> dict[str, Any]:
        """Exactly one of file, address and text."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        file, text, address = given.get("file"), given.get("content", "").strip(), given.get("address", "")
        if sum(map(bool, (file, text, address))) > 1:
            self.add_error("content" if text else "address", "Give either a file, an address or a text.")
        elif not (file or text or address) and "file" not in self.errors:
            self.add_error("file", "Choose a file, or give an address or a text below.")
        elif file and file.size > LARGEST_DOCUMENT:
            self.add_error("file", f"This file is larger than {LARGEST_MB} MB.")
        return given


class ChangeDocumentForm(forms.ModelForm):
    """What is said about a document."""

    title = forms.CharField(
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        help_text="As answers cite it. With another one the document is read anew.",
    )
    metadata = MetadataField()

    class Meta:
        model = Document
        fields = ("title", "metadata")


class ReplaceForm(forms.Form):
    """A new version of a document."""

    file = forms.FileField(
        label="The new version",
        widget=forms.FileInput(attrs={"accept": ACCEPTED, "class": "console-file"}),
        help_text=f"Of at most {LARGEST_MB} MB. The version that is there answers until this one is ready.",
    )


class ManyFiles(forms.FileField):
    """All files of an ``<input multiple>``."""

    class Input(forms.FileInput):
        """Django's own refuses several."""

        allow_multiple_selected = True

    widget = Input

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """The files; each is looked at when it is taken in."""
        if not data:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return list(data)


class UploadForm(forms.Form):
    """Many files into one collection: how a page without JavaScript sends them."""

    collection = forms.ModelChoiceField(
        Collection.objects.none(), label="Into the collection", widget=UnfoldAdminSelectWidget, empty_label=None
    )
    chosen = ManyFiles(widget=ManyFiles.Input(attrs={"accept": ACCEPTED, "multiple": True, "class": "console-file"}))

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["collection"].queryset = access_collections(actor)  # type: ignore[attr-defined]
