"""API keys in a tenant's console: made, shown once, revoked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from tenants.admin.base import UseCaseAdmin, actor_in_console, adopt, moment_column
from tenants.models import ApiKey, User
from tenants.scopes import ORDINARY, SCOPES, ordinary_scopes
from tenants.use_cases.api_keys import KeyLimits, issue_api_key, rename_api_key, revoke_api_key

VALID, REVOKED, EXPIRED = "Valid", "Revoked", "Expired"


class ApiKeyForm(forms.ModelForm):
    """A new key: its name, whom it acts for, and its limits."""

    known_assistants: ClassVar[Mapping[str, str]] = {}
    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {meaning}") for scope, meaning in SCOPES.items()],
        initial=ordinary_scopes,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Tick what the program does, and nothing else.",
    )
    assistants = forms.MultipleChoiceField(
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None ticked: all that the access rules allow.",
    )

    class Meta:
        model = ApiKey
        fields = ("name", "user", "expires_at", "scopes", "assistants")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assistants"].choices = list(self.known_assistants.items())  # type: ignore[attr-defined]


class StateFilter(SimpleListFilter):
    """Keys that work, and keys that do not any more."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two choices."""
        return [("valid", "Valid"), ("ended", "Revoked or expired")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        """The keys of the choice."""
        ended = Q(revoked_at__isnull=False) | Q(expires_at__lte=timezone.now())
        match self.value():
            case "valid":
                return queryset.exclude(ended)
            case "ended":
                return queryset.filter(ended)
        return queryset


class ApiKeyAdmin(UseCaseAdmin):
    """Keys: what is stored is a digest, so the key itself is on the page that answers its making, and nowhere else."""

    list_display = ("name", "starts_with", "acts_for", "may", "state", "used", "ends")
    list_select_related = ("user",)
    list_filter = (StateFilter,)
    search_words: tuple[str, ...] = ("name", "prefix")
    search_member = "user"
    search_help_text: str | None = "Words of its name or its member's, how they begin, or how the key begins"
    sortable_by: Any = ()
    actions = ("revoke",)
    actions_submit_line = ("revoke_this",)
    made_template = "console/api_key_made.html"
    add_fieldsets: Any = (
        (None, {"fields": ("name", "user", "expires_at")}),
        ("What it may be used for", {"fields": ("scopes", "assistants")}),
    )
    fieldsets = (
        (None, {"fields": ("name", ("starts_with", "acts_for", "state"), ("made", "ends", "revoked"), "used")}),
        ("What it may be used for", {"fields": ("may", "its_assistants")}),
    )
    used = moment_column("last_used_at", "Last used")
    made = moment_column("created_at", "Made")
    ends = moment_column("expires_at", "Expires")
    revoked = moment_column("revoked_at", "Revoked")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only the name of a key changes after it was made."""
        shown = ("starts_with", "acts_for", "state", "made", "ends", "revoked", "used", "may", "its_assistants")
        return shown if obj else ()

    def known_assistants(self) -> Mapping[str, str]:
        """Id -> name of the assistants that a key can be limited to. A higher layer knows them."""
        return {}

    def form_for_new_key(self) -> type[forms.ModelForm]:
        """The form, with the assistants to choose from."""

        class FormWithChoices(ApiKeyForm):
            known_assistants = self.known_assistants()

        return FormWithChoices

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, in the words of this page."""

        if obj is None:  # of a key that is there, only the name changes
            kwargs["form"] = self.form_for_new_key()
        kwargs["labels"] = {"user": "Acts for", "expires_at": "Expires"}
        kwargs["help_texts"] = {
            "name": "What it is for, so that you know it again.",
            "user": "A key that acts for a member sees that member's threads and has its roles.",
            "expires_at": "In UTC. Empty: it works until it is revoked.",
        }
        return super().get_form(request, obj, change=change, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Members by name, or none."""
        kwargs["queryset"] = User.objects.filter(is_active=True).order_by("username")
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.empty_label = "Itself"
        return field

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A key is revoked: its row goes on saying that it was there."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Issue the key; or store its new name, and do what the button says."""
        if change:
            if "name" in form.changed_data:
                adopt(obj, rename_api_key(actor_in_console(request), obj.pk, obj.name))
            self.press_buttons(request, obj)
            return
        given = form.cleaned_data
        limits = KeyLimits(scopes=given["scopes"], assistants=given["assistants"], expires_at=given["expires_at"])
        row, secret = issue_api_key(actor_in_console(request), given["name"], given["user"], limits)
        adopt(obj, row)
        obj.secret = secret  # on this object only: the next step shows it

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Show the key, on a page that no cache keeps. A message or a redirect would need it kept somewhere."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Your new API key",
            "key": obj,
            "secret": obj.secret,
        }
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, self.made_template, context)

    @display(description="Begins with")
    def starts_with(self, key: ApiKey) -> str:
        """By which people recognise a key."""
        return f"{key.prefix}…"

    @display(description="Acts for", ordering="user__username")
    def acts_for(self, key: ApiKey) -> str:
        """The member, if it acts for one."""
        return str(key.user) if key.user else "itself"

    @display(description="May")
    def may(self, key: ApiKey) -> str:
        """Its scopes."""
        return "all but admin" if set(key.scopes) == ORDINARY else ", ".join(key.scopes)

    @display(description="Assistants")
    def its_assistants(self, key: ApiKey) -> str:
        """By name, if it is limited to some."""
        known = self.known_assistants()
        return ", ".join(known.get(name, name) for name in key.assistants) or "all"

    @display(description="State", label={VALID: "success", REVOKED: "danger", EXPIRED: "warning"})
    def state(self, key: ApiKey) -> str:
        """Whether it works."""
        if key.is_valid:
            return VALID
        return REVOKED if key.revoked_at else EXPIRED

    @action(description="Revoke: at once and for good")
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        """Revoke the chosen keys."""
        actor = actor_in_console(request)
        self.do_to_each(request, keys, lambda key: revoke_api_key(actor, key.pk), "Revoked")

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> Any:
        """Nothing to revoke twice."""
        revoked = ApiKey.objects.filter(pk=object_id, revoked_at__isnull=False).exists()
        return [] if revoked else super().get_actions_submit_line(request, object_id)

    @action(description="Revoke", icon="block")
    def revoke_this(self, request: HttpRequest, key: ApiKey) -> None:
        """Revoke the key that is shown."""
        adopt(key, revoke_api_key(actor_in_console(request), key.pk))
