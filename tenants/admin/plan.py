"""The operators' pages about plans, prices and budgets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget

from tenants.admin.base import UseCaseAdmin
from tenants.audit import save_recorded
from tenants.models import Plan
from tenants.own_assistants import ALL_OWN


class NamesField(forms.CharField):
    """A list of names, one a line."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        """The list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """The lines as a list, without empty ones and without any twice."""
        return list(dict.fromkeys(line.strip() for line in (value or "").splitlines() if line.strip()))

    def validate(self, value: Any) -> None:
        """An empty list is one, too."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """True where the lists differ."""
        return (initial or []) != self.to_python(data)


class PlanForm(forms.ModelForm):
    """A plan."""

    assistant_ids = NamesField(
        label="Assistants",
        required=False,
        help_text=f"Their ids, one a line; {ALL_OWN} for those that the tenant makes itself. Empty: all.",
    )
    model_names = NamesField(label="Models", required=False, help_text="Their names, one a line. Empty: all.")

    class Meta:
        model = Plan
        fields = (
            *("name", "is_default", "members", "documents", "storage_mb", "tokens_a_month", "cost_a_month"),
            *("requests_a_minute", "assistant_ids", "model_names"),
        )

    def _get_validation_exclusions(self) -> set[str]:
        """That there is one default plan is seen to when it is stored."""
        return {*super()._get_validation_exclusions(), "is_default"}  # type: ignore[misc]  # not in the stubs

    def clean(self) -> dict[str, Any]:
        """Refuse to leave tenants without a plan."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        was_default = (
            self.instance.pk is not None and Plan.objects.filter(pk=self.instance.pk, is_default=True).exists()
        )
        if was_default and not given.get("is_default"):
            self.add_error("is_default", "Make another plan the default one: this one then is it no more.")
        return given


class PlanAdmin(UseCaseAdmin):
    """What tenants may have and use."""

    form = PlanForm
    list_display = ("name", "is_default", "members", "documents", "storage_mb", "tokens_a_month", "cost_a_month")
    list_display_links = ("name",)
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "is_default")}),
        ("Holds", {"fields": (("members", "documents", "storage_mb"),)}),
        ("Uses", {"fields": (("tokens_a_month", "cost_a_month", "requests_a_minute"),)}),
        ("May use", {"fields": (("assistant_ids", "model_names"),)}),
    )

    def save_model(self, request: HttpRequest, obj: Plan, form: Any, change: Any) -> None:
        """Store the plan; a new default one takes the place of the other."""
        for other in Plan.objects.exclude(pk=obj.pk).filter(is_default=True) if obj.is_default else ():
            other.is_default = False
            save_recorded(other)
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Plan | None = None) -> bool:
        """The default plan stays; one that a tenant has is protected by the database's own rule."""
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.is_default)


class ModelPriceAdmin(UseCaseAdmin):
    """What models cost, in US dollars for a million tokens."""

    called = ("price of a model", "prices of models")
    list_display = ("model", "tokens_in", "tokens_out", "cached_in")
    list_display_links = ("model",)
    search_fields = ("model",)
    fieldsets = (
        (
            None,
            {
                "description": "In US dollars for a million tokens. A price here goes before ATRIUM_MODEL_PRICES, and "
                "holds from the next run on.",
                "fields": ("model", ("tokens_in", "tokens_out", "cached_in")),
            },
        ),
    )


class PlatformBudgetAdmin(UseCaseAdmin):
    """Budgets of one tenant, or of all together."""

    called = ("budget", "budgets")
    list_display = ("__str__", "period", "tokens", "cost", "enabled", "note")
    list_select_related = ("tenant",)
    list_filter = ("period", "enabled")
    search_fields = ("tenant__name", "note")
    fieldsets = (
        (None, {"fields": ("tenant", "period", ("tokens", "cost"), "parts")}),
        (None, {"fields": ("enabled", "note")}),
    )
