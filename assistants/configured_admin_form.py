"""The form of an assistant in a tenant's console. What stays empty is as the developer has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.text import Truncator
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from assistants.assistants import AIAssistant
from assistants.configured import CHOSEN, assistant_tools
from assistants.models import ConfiguredAssistant
from assistants.use_cases.assistant_choices import AssistantChoices, Choice
from assistants.use_cases.assistant_settings import LONGEST_INSTRUCTIONS, LONGEST_UNSUPPORTED, MOST_STARTERS, SETTINGS
from tenants.admin import NamesField, TextWithSuggestions

AS_DEVELOPED = "As the developer has it"


class ConfiguredAssistantForm(forms.ModelForm):
    """All that can be chosen. ``choices`` is what there is; ``cls`` the class that is adjusted or stood on; ``unseen``
    how many of the chosen collections an access rule keeps from the person."""

    choices: ClassVar[AssistantChoices]
    cls: ClassVar[type[AIAssistant] | None] = None
    unseen: ClassVar[int] = 0

    base = forms.ChoiceField(label="Kind", widget=UnfoldAdminSelectWidget, required=False)
    instructions = forms.CharField(
        required=False, max_length=LONGEST_INSTRUCTIONS, widget=UnfoldAdminTextareaWidget(attrs={"rows": 10})
    )
    model = forms.CharField(required=False, max_length=255)
    temperature = forms.FloatField(
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text="0 to 2: low for facts, high for ideas. Empty: as the developer has it.",
    )
    which_tools = forms.ChoiceField(
        label="Tools",
        required=False,
        choices=[("", AS_DEVELOPED), (CHOSEN, "Those that I choose")],
        widget=UnfoldAdminSelectWidget,
    )
    tools = forms.MultipleChoiceField(
        label="Chosen tools", required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    knowledge = forms.ChoiceField(
        required=False,
        choices=[("", AS_DEVELOPED), *ConfiguredAssistant.Knowledge.choices],
        widget=UnfoldAdminSelectWidget,
        help_text="Where it looks for passages. Each person's answers rest only on what that person may read.",
    )
    collections = forms.MultipleChoiceField(
        label="Chosen collections", required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    grounded = forms.TypedChoiceField(
        label="Answers",
        required=False,
        choices=[("", AS_DEVELOPED), ("yes", "Only what documents or tools support"), ("no", "Freely")],
        coerce=lambda value: value == "yes",
        empty_value=None,
        widget=UnfoldAdminSelectWidget,
        help_text="Where nothing supports an answer, the assistant says so instead of guessing.",
    )
    unsupported_answer = forms.CharField(
        label="Without support it says",
        required=False,
        max_length=LONGEST_UNSUPPORTED,
        widget=UnfoldAdminTextInputWidget,
    )
    starter_questions = NamesField(
        label="Questions to begin with",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=f"One a line, at most {MOST_STARTERS}: the chat offers them in an empty conversation.",
    )

    class Meta:
        model = ConfiguredAssistant
        fields = ("base", "enabled", *SETTINGS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance
        self.initial["which_tools"] = "" if stored.tools is None else CHOSEN
        self.initial["tools"] = (
            (assistant_tools(self.cls) if self.cls else []) if stored.tools is None else stored.tools
        )
        self.initial["grounded"] = {None: "", True: "yes", False: "no"}[stored.grounded]
        self._offer("base", self.choices.bases)
        self._offer("tools", self.choices.tools, described=True)
        self._offer("collections", self.choices.collections)
        placeholders = "; ".join(f"{name} is {meaning}" for name, meaning in self.choices.placeholders.items())
        self.fields[
            "instructions"
        ].help_text = f"Plain text, which the model reads before each question. {placeholders}."
        self.fields["model"].widget = self._model_widget(self.choices.models)
        self.fields["enabled"].help_text = "Switched off, it is as if it was not there: for everybody but you, here."
        if self.unseen and "collections" in self.fields:
            self.fields[
                "collections"
            ].help_text = f"An access rule keeps {self.unseen} more from you. They stay chosen."
        if self.cls is not None:
            self._show_the_developers(self.cls)

    def _offer(self, name: str, known: Sequence[Choice], described: bool = False) -> None:
        if name in self.fields:
            labels = [(each.key, f"{each.name}: {each.description}" if described else each.name) for each in known]
            self.fields[name].choices = labels  # type: ignore[attr-defined]

    def _model_widget(self, models: Sequence[str]) -> forms.Widget:
        chosen = self.instance.model
        if not models:
            return TextWithSuggestions()
        gone = [(chosen, f"{chosen} (not in the plan any more)")] if chosen and chosen not in models else []
        names = [("", AS_DEVELOPED), *((name, name) for name in models), *gone]
        return UnfoldAdminSelectWidget(choices=names)

    def _show_the_developers(self, cls: type[AIAssistant]) -> None:
        """What holds where a field stays empty, in the field itself."""
        shown = {
            "name": getattr(cls, "name", ""),
            "description": cls.description,
            "instructions": Truncator(getattr(cls, "instructions", "") or "").chars(1000),
            "model": cls.model or "",
            "temperature": "" if cls.temperature is None else str(cls.temperature),
            "unsupported_answer": cls.unsupported_answer,
            "starter_questions": "\n".join(cls.starter_questions),
        }
        for name, value in shown.items():
            if name in self.fields and value and not (name == "name" and self.instance.base):
                self.fields[name].widget.attrs["placeholder"] = value

    def clean(self) -> dict[str, Any]:
        """Drop what belongs to another choice: its field is hidden, nobody sees it."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("which_tools") != CHOSEN:
            given["tools"] = None
        if given.get("knowledge") != CHOSEN:
            given["collections"] = []
        return given

    def settings(self) -> Mapping[str, Any]:
        """What the use cases take."""
        return {name: self.cleaned_data[name] for name in SETTINGS if name in self.cleaned_data}
