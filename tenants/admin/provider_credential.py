"""A tenant's own model providers in its console: entered, tried, never shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminPasswordWidget

from tenants.admin.base import UseCaseAdmin, actor_in_console, adopt, moment_column
from tenants.models import ProviderCredential
from tenants.use_cases.provider_credentials import (
    ProviderSettings,
    create_provider,
    delete_provider,
    replace_provider,
    try_out_provider,
)

WORKS, FAILED, NOT_TESTED, OFF = "Works", "Does not work", "Not tested", "Disabled"
_TEST = "test_this"


class ProviderForm(forms.ModelForm):
    """The key is typed in and never comes back."""

    api_key = forms.CharField(
        label="API key",
        required=False,
        strip=True,
        max_length=2000,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
    )

    class Meta:
        model = ProviderCredential
        fields = (
            "name",
            "base_url",
            "api_key",
            "chat_model",
            "embedding_model",
            "embedding_dimension",
            "enabled",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "api_key" not in self.fields:  # somebody who only looks
            return
        if self.instance.pk:
            ends = f" It ends in {self.instance.key_hint}." if self.instance.key_hint else ""
            self.fields["api_key"].help_text = f"Empty: the stored key stays.{ends} It is not shown again."
        else:
            self.fields["api_key"].help_text = "It is stored encrypted and not shown again."


class ProviderCredentialAdmin(UseCaseAdmin):
    """Model providers of the tenant's own."""

    form = ProviderForm
    list_display = ("name", "base_url", "key", "chat_model", "embedding_model", "state", "tested")
    list_display_links = ("name",)
    search_fields = ("name", "base_url", "chat_model", "embedding_model")
    actions_submit_line = (_TEST,)
    fieldsets = (
        (
            None,
            {
                "description": "Answers and vectors of this tenant then come from this server, with this key, and not "
                "from the one that the service is set up with. The address must be reachable from the internet.",
                "fields": ("name", "base_url", "api_key"),
            },
        ),
        ("Models", {"fields": ("chat_model", ("embedding_model", "embedding_dimension"))}),
        (None, {"fields": ("enabled",)}),
    )
    tested = moment_column("tested_at", "Tested")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Django's view. What is to be tested is tested when it is saved: no transaction waits for a provider."""
        response = super().changeform_view(request, object_id, form_url, extra_context)
        saved = getattr(request, "saved_provider", None)
        pressed = f"{self.opts.app_label}_{self.opts.model_name}_{_TEST}"  # as unfold names the button
        if saved is None or pressed not in request.POST:
            return response
        self.test_this(request, saved)
        return redirect(self._page(saved.pk))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Store it through the use case."""
        given = {name: form.cleaned_data[name] for name in ProviderForm.Meta.fields}
        wanted = ProviderSettings(**{**given, "api_key": given["api_key"] or None})
        actor = actor_in_console(request)
        adopt(obj, replace_provider(actor, obj.pk, wanted) if change else create_provider(actor, wanted))
        request.saved_provider = obj  # type: ignore[attr-defined]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete it through the use case."""
        delete_provider(actor_in_console(request), obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Each through the use case."""
        for row in queryset:
            self.delete_model(request, row)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """To the page of the new provider, where it can be tested."""
        self.message_user(request, f"{obj.name} is stored. Test it now: the button is below.", messages.SUCCESS)
        return redirect(self._page(obj.pk))

    def _page(self, credential_id: int) -> str:
        return reverse(
            "admin:tenants_providercredential_change", args=(credential_id,), current_app=self.admin_site.name
        )

    @action(description="Save and test", icon="network_check")
    def test_this(self, request: HttpRequest, row: ProviderCredential) -> None:
        """Try the stored provider, and say what came of it. ``changeform_view`` calls it when all is stored."""
        for check in try_out_provider(actor_in_console(request), row.pk):
            level = messages.SUCCESS if check.ok else messages.ERROR
            self.message_user(request, f"{check.part.capitalize()}: {check.message}", level)

    @display(description="Key")
    def key(self, row: ProviderCredential) -> str:
        """By which people recognise it."""
        return f"…{row.key_hint}" if row.key_hint else "stored"

    @display(description="State", label={WORKS: "success", FAILED: "danger", NOT_TESTED: "info", OFF: "warning"})
    def state(self, row: ProviderCredential) -> str:
        """What the last test has shown."""
        if not row.enabled:
            return OFF
        if row.tested_at is None:
            return NOT_TESTED
        return FAILED if row.test_problem else WORKS
