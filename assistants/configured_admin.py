"""The console pages about assistants: listed, adjusted, made, and tried in a playground."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.decorators import action

from assistants.configured import CHOSEN
from assistants.configured_admin_form import ConfiguredAssistantForm
from assistants.models import ConfiguredAssistant, Run, Thread
from assistants.run_admin import replayed
from assistants.tenant_assistants import base_of, configuration_in
from assistants.use_cases import configure_assistants
from assistants.use_cases.assistant_choices import assistant_choices
from rag.access import collections_kept_from
from tenants.admin import UseCaseAdmin, actor_in_console, adopt

_TRIED = (
    *("instructions", "model", "temperature", "which_tools", "tools", "knowledge", "collections"),
    *("grounded", "unsupported_answer"),
)
"""What the playground lets one change before it is saved."""
_GIVE_BACK = "assistants_configuredassistant_give_back"  # unfold's name of the button


class ConfiguredAssistantAdmin(UseCaseAdmin):
    """Assistants of developers and own ones. A page's address has the assistant's id; a row is made when one saves."""

    form = ConfiguredAssistantForm
    actions_submit_line = ("give_back",)
    change_list_template = "console/assistants.html"
    change_form_outer_before_template = "console/assistant_head.html"
    conditional_fields: ClassVar = {
        "tools": f"which_tools == '{CHOSEN}'",
        "collections": f"knowledge == '{CHOSEN}'",
    }

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may change assistants may look at what was chosen."""
        return self.has_change_permission(request, obj)

    # -- the form

    def get_fieldsets(self, request: HttpRequest, obj: ConfiguredAssistant | None = None) -> Any:
        """The kind is chosen once: threads and rules know an assistant by what it is."""
        who = ("name", "description", "enabled")
        return (
            (None, {"fields": who if obj else ("base", *who)}),
            ("What it does", {"fields": ("instructions", ("model", "temperature"))}),
            ("What it may use", {"fields": ("which_tools", "tools", "knowledge", "collections")}),
            ("What its answers rest on", {"fields": ("grounded", "unsupported_answer")}),
            ("In the chat", {"fields": ("starter_questions",)}),
        )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, with what there is to choose from."""
        kwargs["form"] = self._form_for(request, obj)
        return super().get_form(request, obj, change=change, **kwargs)

    def _form_for(self, request: HttpRequest, row: ConfiguredAssistant | None) -> type[ConfiguredAssistantForm]:
        found, actor = base_of(configuration_in(row)) if row else None, actor_in_console(request)
        kept_from = len(collections_kept_from(actor, row.collections)) if row and row.collections else 0

        class FormWithChoices(ConfiguredAssistantForm):
            choices = assistant_choices(actor, found)
            cls = found
            unseen = kept_from

        return FormWithChoices

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row; for a developer's assistant that nobody has adjusted, one that is not stored."""
        row = ConfiguredAssistant.objects.filter(pk=object_id).first()
        row = row or configure_assistants.unadjusted(object_id)
        cls = base_of(configuration_in(row)) if row else None
        if row is not None and cls is not None:
            row.shown_name = cls.name
        return row

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Have the use case store it; or give it back, where that button was pressed."""
        if _GIVE_BACK in request.POST:
            self.press_buttons(request, obj)
            return
        actor, given = actor_in_console(request), form.settings()
        enabled = form.cleaned_data["enabled"]
        if change:
            stored = configure_assistants.adjust_assistant(actor, obj.pk, {**given, "enabled": enabled})
        else:
            stored = configure_assistants.create_assistant(actor, form.cleaned_data["base"], given, enabled)
        adopt(obj, stored)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Have the use case delete it."""
        configure_assistants.delete_assistant(actor_in_console(request), obj.pk)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only own ones can be deleted; developers' are given back."""
        return super().has_delete_permission(request, obj) and (obj is None or bool(obj.base))

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> Any:
        """To give back only where something was chosen for a developer's assistant."""
        buttons = super().get_actions_submit_line(request, object_id)
        adjusted = ConfiguredAssistant.objects.filter(pk=object_id, base="").exists()
        return buttons if adjusted else []

    @action(description="As the developer has it")
    def give_back(self, request: HttpRequest, obj: ConfiguredAssistant) -> None:
        """Forget all that was chosen for a developer's assistant."""
        configure_assistants.delete_assistant(actor_in_console(request), obj.pk)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Say what became of it, by its name."""
        if _GIVE_BACK in request.POST:
            self.message_user(request, "It is as the developer has it again.", messages.SUCCESS)
            return redirect(reverse(f"{self.admin_site.name}:assistants_configuredassistant_changelist"))
        return super().response_change(request, obj)

    # -- the other pages

    def get_urls(self) -> list[Any]:
        """The playground, before the pages of single assistants."""
        name, view = "assistants_configuredassistant", self.admin_site.admin_view
        return [
            path("<str:object_id>/playground/", view(self.playground_view), name=f"{name}_playground"),
            path("playground-run/<str:run_id>/", view(self.run_view), name=f"{name}_run"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """All assistants: developers' and own ones. There are never many, so there are no pages of them."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        listed = configure_assistants.list_configurable(actor_in_console(request))
        more = {
            "title": "Assistants",
            "own": [each for each in listed if each.is_own],
            "developers": [each for each in listed if not each.is_own],
            "has_add_permission": self.has_add_permission(request),
        }
        return self._page(request, "console/assistants.html", {**more, **(extra_context or {})})

    def playground_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, and see what the answer rests on. The settings beside it are tried, and not stored."""
        row = self.get_object(request, object_id)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        if row is None:
            raise Http404
        listed = configure_assistants.list_configurable(actor_in_console(request))
        assistant = next(each for each in listed if each.id == object_id)
        if assistant.cls is None:
            raise Http404
        more = {
            "title": f"Try {assistant.name}",
            "assistant": assistant,
            "assistants": listed,
            "form": self._draft_form(request, row),
            "csrf_cookie": settings.CSRF_COOKIE_NAME,
            "starters": assistant.cls.starter_questions,
        }
        return self._page(request, "console/playground.html", more)

    def _draft_form(self, request: HttpRequest, row: ConfiguredAssistant) -> list[Any]:
        """The form's fields that can be tried."""
        form = self._form_for(request, row)(instance=row)
        return [form[name] for name in _TRIED]

    def run_view(self, request: HttpRequest, run_id: str) -> HttpResponse:
        """What a run of the playground rests on: a part of a page, which the playground shows below the answer."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        try:
            run = get_object_or_404(
                Run.objects.select_related("thread"), pk=run_id, thread__source=Thread.Source.PLAYGROUND
            )
        except (ValueError, ValidationError):
            raise Http404 from None
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, "console/playground_run.html", replayed(run, actor_in_console(request)))

    def _page(self, request: HttpRequest, template: str, more: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, template, {**self.admin_site.each_context(request), "opts": self.opts, **more})
