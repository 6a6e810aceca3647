"""The console page on which a search is tried: what is found, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from rag.access import access_collections
from rag.search.hits import Hit
from rag.search.hybrid import LONGEST_QUERY
from rag.use_cases.search import Options, search
from tenants.actors import Actor
from tenants.errors import AtriumError

MODES = (("hybrid", "Words and meaning"), ("words", "Words alone"), ("meaning", "Meaning alone"))


class SearchForm(forms.Form):
    """A question, and where and how to search."""

    q = forms.CharField(
        label="Search for", max_length=LONGEST_QUERY, widget=UnfoldAdminTextInputWidget(attrs={"type": "search"})
    )
    collection = forms.MultipleChoiceField(
        label="In", required=False, help_text="None chosen: all of them.", widget=UnfoldAdminSelectMultipleWidget
    )
    mode = forms.ChoiceField(label="By", choices=MODES, required=False, widget=UnfoldAdminSelectWidget)
    limit = forms.IntegerField(
        label="At most", min_value=1, max_value=50, required=False, widget=UnfoldAdminIntegerFieldWidget
    )
    filter = forms.CharField(
        label="Only documents whose metadata has",
        max_length=10_000,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": '{"team": "sales", "year": {"gte": 2020}}'}),
        help_text="JSON. Operators: eq, ne, in, not_in, gt, gte, lt, lte, exists; all, any, not.",
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        readable = access_collections(actor).values_list("pk", "name")
        self.fields["collection"].choices = [(str(pk), name) for pk, name in readable]  # type: ignore[attr-defined]

    def clean_filter(self) -> dict[str, Any]:
        """The filter as an object; whether it is one, the search says."""
        text = self.cleaned_data["filter"].strip()
        try:
            given = json.loads(text) if text else {}
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"This is not JSON: {error}.") from error
        if not isinstance(given, dict):
            raise forms.ValidationError('An object is expected, such as {"team": "sales"}.')
        return given


@dataclass(frozen=True)
class Shown:
    """A hit, with its text in pieces: each a stretch of text, and whether the question has it."""

    hit: Hit
    pieces: list[tuple[str, bool]]


def tried(form: SearchForm, actor: Actor) -> list[Shown] | None:
    """What the search finds; None where the form was not filled in, or says what is wrong."""
    if not form.is_bound or not form.is_valid():
        return None
    given = form.cleaned_data
    options = Options(given["limit"] or 10, given["filter"], given["mode"] or "hybrid", marks=True)
    chosen = [UUID(each) for each in given["collection"]] or None
    try:
        hits = search(actor, given["q"], chosen, options=options)
    except AtriumError as error:
        form.add_error("filter" if error.code == "invalid_filter" else None, error.detail)
        return None
    return [Shown(hit, list(pieces(hit.text, hit.marks))) for hit in hits]


def pieces(text: str, marks: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, bool]]:
    """The text, cut at its marks."""
    position = 0
    for start, end in marks:
        if start > position:
            yield text[position:start], False
        yield text[start:end], True
        position = end
    if position < len(text):
        yield text[position:], False


def search_context(request: HttpRequest, actor: Actor) -> dict[str, Any]:
    """What the page shows: the form, and what was found."""
    form = SearchForm(actor, request.GET if "q" in request.GET else None, initial={"mode": "hybrid", "limit": 10})
    return {"title": "Try the search", "form": form, "found": tried(form, actor)}
