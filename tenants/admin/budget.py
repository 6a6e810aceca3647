"""Budgets and rate limits in a tenant's console."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from tenants.admin.base import UseCaseAdmin
from tenants.budgets.left import Used, used_of_own
from tenants.models import Budget, RateLimit, User


class BudgetForm(forms.ModelForm):
    """One sentence: whose, how much, how often."""

    assistants: ClassVar[Mapping[str, str]] = {}
    assistant_id = forms.ChoiceField(label="Assistant", required=False, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = Budget
        fields = ("scope", "assistant_id", "member", "site_id", "period", "tokens", "cost", "enabled", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = dict(self.assistants)
        chosen = self.instance.assistant_id
        if chosen and chosen not in known:
            known[chosen] = f"{chosen} (not installed any more)"
        if "assistant_id" in self.fields:  # not for somebody who only looks
            choices = sorted(known.items(), key=lambda pair: pair[1])
            self.fields["assistant_id"].choices = [("", "Choose one"), *choices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Drop what belongs to another choice: its field is hidden, nobody sees it."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("scope") != Budget.Scope.ASSISTANT:
            given["assistant_id"] = ""
        if given.get("scope") != Budget.Scope.MEMBER:
            given["member"] = None
        if given.get("scope") != Budget.Scope.SITE:
            given["site_id"] = ""
        return given


class BudgetAdmin(UseCaseAdmin):
    """Budgets, and how much of each is used."""

    list_display = ("whose_use", "amount", "period", "used", "is_enabled", "note")
    list_display_links = ("whose_use",)
    list_select_related = ("member",)
    list_filter = ("scope", "period", "enabled")
    search_fields = ("assistant_id", "site_id", "note")
    search_member = "member"
    fieldsets = (
        (
            None,
            {
                "description": "A run needs room in every budget that it counts at. When one is used up, questions are "
                "refused until it starts anew, at midnight or on the first of the month (UTC).",
                "fields": ("scope", "assistant_id", "member", "site_id", "period", ("tokens", "cost")),
            },
        ),
        (None, {"fields": ("enabled", "note")}),
    )
    conditional_fields: ClassVar = {
        "assistant_id": "scope == 'assistant'",
        "member": "scope == 'member'",
        "site_id": "scope == 'site'",
    }

    def known_assistants(self) -> Mapping[str, str]:
        """Id -> name of the assistants that a budget can be of. A higher layer knows them."""
        return {}

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, with the assistants to choose from."""

        class FormWithChoices(BudgetForm):
            assistants = self.known_assistants()

        kwargs["form"] = FormWithChoices
        return super().get_form(request, obj, change=change, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Members in the order of their names."""
        if db_field.name == "member":
            kwargs["queryset"] = User.objects.order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; what is used of all its budgets is read at once."""
        listed = super().get_changelist_instance(request)
        used = used_of_own()
        for budget in listed.result_list:
            budget.used_now = used.get(budget.pk)
        return listed

    @display(description="For", ordering="scope")
    def whose_use(self, budget: Budget) -> str:
        """Whose use counts."""
        if budget.scope == Budget.Scope.ASSISTANT:
            return self.known_assistants().get(budget.assistant_id, budget.assistant_id)
        named = {Budget.Scope.MEMBER: str(budget.member), Budget.Scope.SITE: f"Site {budget.site_id}"}
        return named.get(Budget.Scope(budget.scope), budget.get_scope_display())

    @display(description="Amount")
    def amount(self, budget: Budget) -> str:
        """Tokens, dollars, or both."""
        parts = [f"{budget.tokens:,} tokens"] if budget.tokens is not None else []
        return ", ".join([*parts, f"${budget.cost:,.2f}"] if budget.cost is not None else parts)

    @display(description="Used", label={"success": "success", "warning": "warning", "danger": "danger"})
    def used(self, budget: Budget) -> tuple[str, str]:
        """Per cent of the current period; where each member has it, of the one who has used most."""
        used: Used | None = getattr(budget, "used_now", None)
        per_cent = used.per_cent if used is not None else 0
        tone = "danger" if per_cent >= 100 else "warning" if per_cent >= 80 else "success"
        of_each = budget.scope in (Budget.Scope.EACH_MEMBER, Budget.Scope.EACH_SITE)
        most = "most: " if of_each else ""
        return tone, f"{most}{per_cent} %"

    @display(description="Enabled", label={"Yes": "success", "No": "warning"}, ordering="enabled")
    def is_enabled(self, budget: Budget) -> str:
        """Whether it counts."""
        return "Yes" if budget.enabled else "No"


class RateLimitAdmin(UseCaseAdmin):
    """How many requests a minute each key, member, site or address may make."""

    list_display = ("scope", "requests_a_minute", "enabled")
    list_display_links = ("scope",)
    list_filter = ("enabled",)

    def get_readonly_fields(self, request: HttpRequest, obj: RateLimit | None = None) -> Any:
        """There is one limit for each kind: it is changed, and not turned into another."""
        return ("scope",) if obj else ()
