"""Keys of the operators' API on their console: made for oneself, shown once, revoked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.decorators import action, display

from tenants.admin.api_key import ApiKeyAdmin
from tenants.admin.base import UseCaseAdmin, adopt
from tenants.models import OperatorKey
from tenants.use_cases.operator_keys import issue_operator_key, revoke_operator_key


class OperatorKeyAdmin(ApiKeyAdmin):
    """As a tenant's keys; each acts for the operator who made it."""

    called = ("API key", "API keys")
    list_display: Any = ("name", "starts_with", "acts_for", "state", "made", "ends")
    list_select_related = ("operator",)
    search_fields = ("name", "prefix", "operator__username")
    search_words, search_member, search_help_text = (), "", None
    sortable_by: Any = None
    made_template = "console/operator_key_made.html"
    add_fieldsets: Any = ((None, {"fields": ("name", "expires_at")}),)
    fieldsets: Any = ((None, {"fields": ("name", ("starts_with", "acts_for", "state"), ("made", "ends", "revoked"))}),)

    def form_for_new_key(self) -> type[forms.ModelForm]:
        """A name and an end: these keys have no limits beside."""
        return forms.ModelForm

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only the name of a key changes after it was made."""
        return ("starts_with", "acts_for", "state", "made", "ends", "revoked") if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Issue the key, or store its new name."""
        if change:
            UseCaseAdmin.save_model(self, request, obj, form, change)
            return
        given = form.cleaned_data
        row, secret = issue_operator_key(request.user, given["name"], given["expires_at"])  # type: ignore[arg-type]
        adopt(obj, row)
        obj.secret = secret  # on this object only: the next step shows it

    @display(description="Acts for", ordering="operator__username")
    def acts_for(self, key: Any) -> str:
        """The operator."""
        return str(key.operator)

    @action(description="Revoke: at once and for good")
    def revoke(self, request: HttpRequest, keys: Any) -> None:
        """Revoke the chosen keys."""
        self.do_to_each(request, keys, lambda key: revoke_operator_key(key.pk), "Revoked")

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> Any:
        """Nothing to revoke twice."""
        revoked = OperatorKey.objects.filter(pk=object_id, revoked_at__isnull=False).exists()
        return [] if revoked else UseCaseAdmin.get_actions_submit_line(self, request, object_id)

    @action(description="Revoke", icon="block")
    def revoke_this(self, request: HttpRequest, key: Any) -> None:
        """Revoke the key that is shown."""
        adopt(key, revoke_operator_key(key.pk))
