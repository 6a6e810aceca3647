"""Access rules in a tenant's console: listed, changed, tried before they are saved, and explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.decorators import action, display

from tenants.actors import Actor
from tenants.admin.access_rule_form import CONDITIONAL_FIELDS, AccessQuestionForm, AccessRuleForm
from tenants.admin.access_rule_words import shown_changes
from tenants.admin.base import UseCaseAdmin, actor_in_console
from tenants.errors import AtriumError
from tenants.models import AccessRule, User
from tenants.rules.actions import ACTIONS, READ_COLLECTION, RUN
from tenants.rules.explain import Explanation, Question
from tenants.rules.preview import Known
from tenants.rules.words import permission_in_words, sentence, window_in_words
from tenants.use_cases.access import explain_access
from tenants.use_cases.access_rules import enable_rule
from tenants.use_cases.preview_rule import Preview, preview_rule

_PREVIEW = "_preview"  # the button's name in templates/admin/tenants/accessrule/submit_line.html
_MOST_SUGGESTED = 500  # members


class AccessRuleAdmin(UseCaseAdmin):
    """Rules, each readable as a sentence."""

    list_display_links = ("effect_label", "whom_in_words")
    list_select_related = ("role", "group", "member", "api_key")
    list_filter = ("effect", "audience", "enabled")
    search_fields = ("action", "assistant_id", "resource", "role__name", "group__name", "note")
    search_member = "member"
    actions = ("enable", "disable")
    actions_list = ("explain_page",)
    change_form_outer_before_template = "console/rule_preview.html"
    fieldsets = (
        (
            None,
            {
                "description": "No rule, no access. A rule that denies beats every rule that allows.",
                "fields": ("effect", "action", "assistant_id", "tool", "collection"),
            },
        ),
        (
            "Who",
            {"fields": ("audience", "role", "group", "member", "api_key", "site_id", ("attribute", "attribute_value"))},
        ),
        (
            "When and how much",
            {
                "description": "All of these may stay empty. Dates and times are in UTC.",
                "fields": (("starts_at", "ends_at"), ("runs_per_minute", "tokens_per_day")),
            },
        ),
        (None, {"fields": ("enabled", "note")}),
    )
    conditional_fields: ClassVar = CONDITIONAL_FIELDS

    # -- what a higher layer knows

    def known(self) -> Known:
        """What rules can be about: assistants, tools, collections."""
        return Known()

    def refused_runs(self, preview: Preview) -> Sequence[Any]:
        """The last days' runs that the draft would have refused: ``assistant``, ``whose``, ``count``, ``latest``."""
        return ()

    def explained(self, asking: Actor, about: str, question: Question) -> Explanation:
        """What the rules say. A higher layer knows what else forbids it."""
        return explain_access(asking, about, question, self.known().names)

    def overriding(self, action: str) -> str:
        """The function of this deployment that is asked about the action in the rules' place, or ""."""
        return ""

    # -- the form

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, with what there is to choose from."""

        class FormWithChoices(AccessRuleForm):
            known = self.known()

        kwargs["form"] = FormWithChoices
        return super().get_form(request, obj, change=change, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Members in the order of their names."""
        if db_field.name == "member":
            kwargs["queryset"] = User.objects.order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Django's view. A draft that is to be tried is shown again as it was typed, and nothing is saved."""
        if request.method == "POST" and _PREVIEW in request.POST:
            extra_context = {**(extra_context or {}), **self._try(request, object_id)}
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _try(self, request: HttpRequest, object_id: str | None) -> dict[str, Any]:
        """The preview for the template; nothing where the form has errors, which the page then shows."""
        rule = self.get_object(request, object_id) if object_id else None
        if not (self.has_change_permission(request, rule) if rule else self.has_add_permission(request)):
            raise PermissionDenied
        form = self.get_form(request, rule, change=rule is not None)(request.POST, instance=rule)
        if not form.is_valid():
            return {}  # it is not saved either: Django's view finds the same errors
        request.draft = form.instance  # type: ignore[attr-defined]
        request.typed = {name: form[name].value() for name in form.fields}  # type: ignore[attr-defined]
        request.method = "GET"
        preview = preview_rule(form.instance, self.known())
        return {
            "preview": preview,
            "draft": form.instance,
            "draft_in_words": sentence(form.instance.parts, self.known().names),
            "changes": shown_changes(preview.changes, self.known()),
            "refused_runs": self.refused_runs(preview),
        }

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The rule; the draft of it that is being tried."""
        return getattr(request, "draft", None) or super().get_object(request, object_id, from_field)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What the address says; what was typed into the draft that is being tried."""
        return getattr(request, "typed", None) or super().get_changeform_initial_data(request)

    # -- why?

    def get_urls(self) -> list[Any]:
        """The page that explains, before the pages of single rules."""
        explaining = self.admin_site.admin_view(self.explain_view)
        return [path("explain/", explaining, name="tenants_accessrule_explain"), *super().get_urls()]

    @action(description="Who may do what?", icon="help")
    def explain_page(self, request: HttpRequest) -> HttpResponse:
        """To the page that explains."""
        return redirect(reverse(f"{self.admin_site.name}:tenants_accessrule_explain"))

    def explain_view(self, request: HttpRequest) -> HttpResponse:
        """Whether somebody may do something, and which rule says so."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = self._question_form(request)
        explanation: Explanation | None = None
        if request.GET and form.is_valid():
            given = form.cleaned_data
            question = Question(given["action"], given["assistant"], self._resource(given))
            try:
                about = given["actor"] if ":" in given["actor"] else f"member:{given['actor']}"
                asking = actor_in_console(request)
                explanation = self.explained(asking, about, question)
            except AtriumError as error:
                form.add_error("actor", error.detail)
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Who may do what?",
            "form": form,
            "explanation": explanation,
            "overridden_by": self.overriding(explanation.question.action) if explanation else "",
        }
        return TemplateResponse(request, "console/explain.html", context)

    def _resource(self, given: Mapping[str, Any]) -> str:
        """The tool or collection that is asked about; a collection may be called by its name."""
        asked = str(given["resource"]).strip()
        if given["action"] != READ_COLLECTION:
            return asked
        return next((id for id, name in self.known().names.collections.items() if name == asked), asked)

    def _question_form(self, request: HttpRequest) -> AccessQuestionForm:
        form = AccessQuestionForm(request.GET or None, initial={"action": RUN})
        names = self.known().names
        tools = sorted({tool for tools in self.known().tools.values() for tool in tools})
        members = User.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)
        form.fields["action"].choices = list(ACTIONS.items())  # type: ignore[attr-defined]
        form.fields["assistant"].choices = [("", "None"), *names.assistants.items()]  # type: ignore[attr-defined]
        form.fields["actor"].widget.suggestions = list(members[:_MOST_SUGGESTED])  # type: ignore[attr-defined]
        form.fields["resource"].widget.suggestions = [*tools, *names.collections.values()]  # type: ignore[attr-defined]
        return form

    # -- the list

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        """The columns; names are looked up once for all rows."""
        names = self.known().names

        @display(description="What", ordering="action")
        def what(rule: AccessRule) -> str:
            return permission_in_words(rule.parts, names) + window_in_words(rule.starts_at, rule.ends_at)

        return ("effect_label", "whom_in_words", what, "is_enabled", "note")

    @display(description="Effect", label={"Allow": "success", "Deny": "danger"}, ordering="effect")
    def effect_label(self, rule: AccessRule) -> str:
        """Allow or deny, coloured."""
        return rule.get_effect_display()

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
        actor = actor_in_console(request)
        self.do_to_each(request, rules, lambda rule: enable_rule(actor, rule, enabled=True), "Enabled")

    @action(description="Disable")
    def disable(self, request: HttpRequest, rules: QuerySet[AccessRule]) -> None:
        """Leave the chosen rules out of decisions."""
        actor = actor_in_console(request)
        self.do_to_each(request, rules, lambda rule: enable_rule(actor, rule, enabled=False), "Disabled")
