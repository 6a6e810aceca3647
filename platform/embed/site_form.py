"""The form of an embedded chat: its own fields, and those of its look, which are stored together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from assistants.tenant_assistants import names_here
from embed.look import DEFAULTS, LONGEST_ICON_TEXT, LONGEST_LABEL, MOST_OFFSET, MOST_RADIUS, read_look, theme_problems
from embed.models import Site
from embed.palette import CHOSEN, SCHEMES

COLOURS = tuple(f"{scheme}_{name}" for name in CHOSEN for scheme in SCHEMES)
VARIABLES = tuple(f"{scheme}_variables" for scheme in SCHEMES)
LOOK_FIELDS = (*DEFAULTS, *COLOURS, *VARIABLES)
ICON_NAMES = (
    *(("chat", "Speech bubble"), ("question", "Question mark"), ("spark", "Spark")),
    *(("headset", "Headset"), ("arch", "Arch")),
)
_THEMES = (
    ("auto", "Light or dark, as the visitor's device has it"),
    ("light", "Always light"),
    ("dark", "Always dark"),
)


class LinesField(forms.CharField):
    """A list of short texts, one a line."""

    def __init__(self, rows: int = 4, **kwargs: Any) -> None:
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs={"rows": rows}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """As it is shown."""
        return value if isinstance(value, str) else "\n".join(value or [])

    def to_python(self, value: Any) -> Any:
        """As it is stored."""
        return [line.strip() for line in (value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another list was sent."""
        return self.to_python(data) != list(initial or [])


class VariablesField(forms.CharField):
    """CSS variables, one a line: ``--atrium-muted: #566059``. As a mapping."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """As it is shown."""
        return value if isinstance(value, str) else "\n".join(f"{a}: {b}" for a, b in (value or {}).items())

    def to_python(self, value: Any) -> Any:
        """By name; a line without a colon is a name without a value, which is refused."""
        lines = (line.strip().removesuffix(";").partition(":") for line in (value or "").splitlines() if line.strip())
        return {name.strip(): rest.strip() for name, _, rest in lines}

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether others were sent."""
        return self.to_python(data) != dict(initial or {})


def _choice(label: str, choices: Any, **more: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, required=False, widget=UnfoldAdminSelectWidget, **more)


def _pixels(label: str, most: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=False, min_value=0, max_value=most, widget=UnfoldAdminIntegerFieldWidget
    )


def _text(label: str, most: int, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=most, strip=False, widget=UnfoldAdminTextInputWidget, **more
    )


def _colour(label: str) -> forms.CharField:
    attrs = {"placeholder": "by itself", "data-colour": "", "spellcheck": "false", "autocomplete": "off"}
    return forms.CharField(label=label, required=False, max_length=7, widget=UnfoldAdminTextInputWidget(attrs=attrs))


class LookForm(forms.ModelForm):
    """The fields that make up ``Site.look``."""

    theme = _choice("Theme", _THEMES)
    radius = _pixels("Roundness of corners, pixels", MOST_RADIUS)
    position = _choice("Where the button is", (("right", "On the right"), ("left", "On the left")))
    offset_x, offset_y = _pixels("From the side, pixels", MOST_OFFSET), _pixels("From below, pixels", MOST_OFFSET)
    icon = _choice("Icon of the button", ICON_NAMES)
    icon_text = _text("Or a short text", LONGEST_ICON_TEXT, help_text=f"At most {LONGEST_ICON_TEXT} characters: Help")
    label = _text("Words beside the icon", LONGEST_LABEL)
    light_accent, dark_accent = _colour("Accent, light"), _colour("Accent, dark")
    light_ground, dark_ground = _colour("Background, light"), _colour("Background, dark")
    light_surface, dark_surface = _colour("Surface, light"), _colour("Surface, dark")
    light_text, dark_text = _colour("Text, light"), _colour("Text, dark")
    light_variables, dark_variables = VariablesField(label="Variables, light"), VariablesField(label="Variables, dark")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in _as_fields(self.instance.look or {}).items():
            self.initial.setdefault(name, value)

    def clean(self) -> Any:
        """Put the look together. What cannot be read is said at the field that mends it."""
        cleaned = super().clean() or self.cleaned_data
        if not set(LOOK_FIELDS) <= self.fields.keys():
            return cleaned  # somebody only looks
        look, problems = read_look(_as_look(cleaned))
        for field, sentence in problems or theme_problems(look):
            self.add_error(field if field in self.fields else None, sentence)
        self.instance.look = look
        return cleaned


def _as_fields(look: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: look.get(name, default) for name, default in DEFAULTS.items()}
    for scheme in SCHEMES:
        fields |= {f"{scheme}_{name}": look.get(scheme, {}).get(name, "") for name in CHOSEN}
        fields[f"{scheme}_variables"] = look.get("variables", {}).get(scheme, {})
    return fields


def _as_look(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was left empty is left out."""
    look: dict[str, Any] = {name: given[name] for name in DEFAULTS if given.get(name) not in (None, "")}
    for scheme in SCHEMES:
        chosen = {name: given.get(f"{scheme}_{name}") for name in CHOSEN}
        look[scheme] = {name: value for name, value in chosen.items() if value}
    look["variables"] = {scheme: given.get(f"{scheme}_variables", {}) for scheme in SCHEMES}
    return look


class SiteForm(LookForm):
    """Everything about one embedded chat."""

    assistant_id = forms.ChoiceField(label="Assistant", widget=UnfoldAdminSelectWidget)
    origins = LinesField(
        label="Pages that may show it",
        help_text="One origin a line: https://www.example.com. https://*.example.com stands for all names below it, "
        "not for example.com itself. http:// is for localhost.",
    )
    starters = LinesField(required=False, label="Starter questions", help_text="One a line, at most six.")
    languages = LinesField(
        rows=2,
        required=False,
        label="Languages of the chat's own words",
        help_text="One a line: en, de, pt-BR. The first is for visitors who speak none of them. Empty: all there are.",
    )
    collections = forms.MultipleChoiceField(
        required=False,
        label="Collections that it may quote",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Strangers will read what is in them. None ticked: none.",
    )

    class Meta:
        model = Site
        fields = (
            *("name", "assistant_id", "origins", "enabled", "who", "greeting", "starters", "consent", "fallback"),
            *("languages", "messages_a_minute", "messages_a_day", "messages_a_day_in_all", "kept_days"),
            "identity_key",
        )
        widgets = {name: UnfoldAdminTextareaWidget(attrs={"rows": 3}) for name in ("greeting", "consent", "fallback")}
        help_texts = {  # Django's own form
            "greeting": "What the chat says before anybody has asked.",
            "consent": "Shown before the first question, to be agreed to. Empty: nobody is asked.",
            "fallback": "Said where no answer can be given: where to turn to instead.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known, chosen = names_here(), self.instance.assistant_id
        if chosen and chosen not in known:
            known[chosen] = f"{chosen} (not installed any more)"
        if "assistant_id" in self.fields:  # not for somebody who only looks
            self.fields["assistant_id"].choices = [("", "Choose one"), *known.items()]  # type: ignore[attr-defined]


class PageForm(forms.Form):
    """The address of a page, for the doctor."""

    address = forms.CharField(
        label="Address of the page",
        max_length=2000,
        widget=UnfoldAdminTextInputWidget(
            attrs={"placeholder": "https://www.example.com/help", "inputmode": "url", "spellcheck": "false"}
        ),
    )
