"""The form of an access rule: who may, or may not, do what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import Group
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from tenants.actors import ROLES
from tenants.models import AccessRule
from tenants.rules.actions import EVERYTHING, READ_COLLECTION, RUN, USE_ASSISTANT, USE_TOOL
from tenants.rules.preview import Known

_FIELD_OF_AUDIENCE = {
    "role": ("role",),
    "group": ("group",),
    "member": ("member",),
    "api_key": ("api_key",),
    "site_id": ("visitors", "identified"),
    "attribute": ("identified",),
    "attribute_value": ("identified",),
}
_TEXTS = ("site_id", "attribute", "attribute_value")  # empty, not null
_LIMITS = ("runs_per_minute", "tokens_per_day")
_LIMITED = (EVERYTHING, USE_ASSISTANT, RUN)


def _any_of(field: str, values: Iterable[str]) -> str:
    return " || ".join(f"{field} == '{value}'" for value in values)


CONDITIONAL_FIELDS = {
    **{field: _any_of("audience", names) for field, names in _FIELD_OF_AUDIENCE.items()},
    "tool": f"action == '{USE_TOOL}'",
    "collection": f"action == '{READ_COLLECTION}'",
    **dict.fromkeys(_LIMITS, f"effect == 'allow' && ({_any_of('action', _LIMITED)})"),
}
"""Field -> when unfold shows it, in Alpine's words. ``AccessRuleForm.clean`` says the same in Python."""


class TextWithSuggestions(UnfoldAdminTextInputWidget):
    """A line of text; the browser suggests what is known, and anything may be written."""

    suggestions: Sequence[str] = ()

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The input and its list."""
        shown = super().render(name, value, {**(attrs or {}), "list": f"known-{name}"}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((each,) for each in self.suggestions))
        return format_html('{}<datalist id="known-{}">{}</datalist>', shown, name, options)


class AccessRuleForm(forms.ModelForm):
    """One sentence: allow or deny, what, with which assistant, to whom, when and how much."""

    known: ClassVar[Known] = Known()
    assistant_id = forms.ChoiceField(label="With which assistant", required=False, widget=UnfoldAdminSelectWidget)
    tool = forms.CharField(
        required=False, max_length=255, widget=TextWithSuggestions, help_text="The tool's name. Empty: all tools."
    )
    collection = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = AccessRule
        fields = (
            "effect",
            "action",
            "assistant_id",
            "audience",
            *_FIELD_OF_AUDIENCE,
            "starts_at",
            "ends_at",
            *_LIMITS,
            "enabled",
            "note",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "assistant_id" not in self.fields:  # for somebody who only looks
            return
        names, rule = self.known.names, self.instance
        chosen = rule.resource if rule.action == READ_COLLECTION else ""
        self._offer("assistant_id", "All assistants", names.assistants.items(), rule.assistant_id, "not installed")
        self._offer("collection", "All collections", names.collections.items(), chosen, "not there")
        self.fields["tool"].widget.suggestions = sorted({tool for tools in self.known.tools.values() for tool in tools})
        self.initial.setdefault("tool", rule.resource if rule.action == USE_TOOL else "")
        self.initial.setdefault("collection", chosen)
        for field, groups in (
            ("role", Group.objects.filter(name__in=ROLES).order_by("pk")),
            ("group", Group.objects.exclude(name__in=ROLES).order_by("name")),
        ):
            self.fields[field].queryset = groups  # type: ignore[attr-defined]

    def _offer(self, field: str, for_all: str, known: Iterable[tuple[str, str]], chosen: str, gone: str) -> None:
        """Offer what is known; also what the rule is about that is there no more."""
        choices = dict(known)
        if chosen and chosen not in choices:
            choices[chosen] = f"{chosen} ({gone} any more)"
        self.fields[field].choices = [("", for_all), *choices.items()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Drop what belongs to another choice: its field is hidden, nobody sees it."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        for field, audiences in _FIELD_OF_AUDIENCE.items():
            if given.get("audience") not in audiences:
                given[field] = "" if field in _TEXTS else None
        if given.get("effect") != AccessRule.Effect.ALLOW or given.get("action") not in _LIMITED:
            given |= dict.fromkeys(_LIMITS)
        resource = {USE_TOOL: "tool", READ_COLLECTION: "collection"}.get(given.get("action", ""))
        self.instance.resource = (given.get(resource) or "").strip() if resource else ""
        return given


class AccessQuestionForm(forms.Form):
    """May somebody do something?"""

    actor = forms.CharField(
        label="Who",
        max_length=200,
        widget=TextWithSuggestions,
        help_text="A member's user name; or key:12, visitor:site or identified:site?plan=pro.",
    )
    action = forms.ChoiceField(label="What", widget=UnfoldAdminSelectWidget)
    assistant = forms.ChoiceField(label="With which assistant", required=False, widget=UnfoldAdminSelectWidget)
    resource = forms.CharField(
        label="Which tool or collection",
        max_length=255,
        required=False,
        widget=TextWithSuggestions,
        help_text="A tool's or a collection's name, where it is about one.",
    )
