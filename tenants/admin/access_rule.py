"""Access rules in a tenant's console."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib.messages import SUCCESS
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from tenants.admin.base import UseCaseAdmin
from tenants.models import AccessRule, User


class AccessRuleForm(forms.ModelForm):
    """One sentence: allow or deny, which assistant, to whom."""

    assistants: ClassVar[Mapping[str, str]] = {}
    assistant_id = forms.ChoiceField(label="Assistant", required=False, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = AccessRule
        fields = ("effect", "assistant_id", "audience", "role", "member", "enabled", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = dict(self.assistants)
        chosen = self.instance.assistant_id
        if chosen and chosen not in known:
            known[chosen] = f"{chosen} (not installed any more)"
        if "assistant_id" in self.fields:  # not for somebody who only looks
            self.fields["assistant_id"].choices = [("", "All assistants"), *known.items()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Drop the role or member that belongs to another audience: its field is hidden, nobody sees it."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        for field in ("role", "member"):
            if given.get("audience") != field:
                given[field] = None
        return given


class AccessRuleAdmin(UseCaseAdmin):
    """Rules, each readable as a sentence."""

    list_display = ("effect_label", "assistant", "whom_in_words", "is_enabled", "note")
    list_display_links = ("effect_label", "assistant")
    list_select_related = ("role", "member")
    list_filter = ("effect", "audience", "enabled")
    search_fields = ("assistant_id", "role__name", "member__username", "note")
    actions = ("enable", "disable")
    fieldsets = (
        (
            None,
            {
                "description": "No rule, no access. A rule that denies beats every rule that allows.",
                "fields": ("effect", "assistant_id", "audience", "role", "member"),
            },
        ),
        (None, {"fields": ("enabled", "note")}),
    )
    conditional_fields: ClassVar = {"role": "audience == 'role'", "member": "audience == 'member'"}

    def known_assistants(self) -> Mapping[str, str]:
        """Id -> name of the assistants that a rule can be about. A higher layer knows them."""
        return {}

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, with the assistants to choose from."""

        class FormWithChoices(AccessRuleForm):
            assistants = self.known_assistants()

        kwargs["form"] = FormWithChoices
        return super().get_form(request, obj, change=change, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Members in the order of their names."""
        if db_field.name == "member":
            kwargs["queryset"] = User.objects.order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @display(description="Effect", label={"Allow": "success", "Deny": "danger"}, ordering="effect")
    def effect_label(self, rule: AccessRule) -> str:
        """Allow or deny, coloured."""
        return rule.get_effect_display()

    @display(description="Assistant", ordering="assistant_id")
    def assistant(self, rule: AccessRule) -> str:
        """The assistant's name; its id when it is not installed."""
        if not rule.assistant_id:
            return "All assistants"
        return self.known_assistants().get(rule.assistant_id, rule.assistant_id)

    @display(description="Who", ordering="audience")
    def whom_in_words(self, rule: AccessRule) -> str:
        """The audience in words."""
        return rule.whom[:1].upper() + rule.whom[1:]

    @display(description="Enabled", label={"Yes": "success", "No": "warning"}, ordering="enabled")
    def is_enabled(self, rule: AccessRule) -> str:
        """Whether the rule is asked."""
        return "Yes" if rule.enabled else "No"

    @action(description="Enable")
    def enable(self, request: HttpRequest, rules: QuerySet[AccessRule]) -> None:
        """Let the chosen rules decide."""
        self.message_user(request, f"Enabled: {rules.update(enabled=True)}.", SUCCESS)

    @action(description="Disable")
    def disable(self, request: HttpRequest, rules: QuerySet[AccessRule]) -> None:
        """Leave the chosen rules out of decisions."""
        self.message_user(request, f"Disabled: {rules.update(enabled=False)}.", SUCCESS)
