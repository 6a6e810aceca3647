"""Invitations in a tenant's console: sent, sent again, withdrawn."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import action, display

from tenants.actors import MEMBER, ROLES
from tenants.admin.base import UseCaseAdmin, actor_in_console, adopt, moment_column
from tenants.models import Invitation
from tenants.policies import may_manage_holder_of
from tenants.use_cases.invitations import invite, resend_invitation, withdraw_invitation

OPEN, EXPIRED, ACCEPTED, WITHDRAWN = "Open", "Expired", "Accepted", "Withdrawn"


class StateFilter(SimpleListFilter):
    """Open invitations, unless others are asked for."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The choices besides the open ones."""
        return [("accepted", ACCEPTED), ("withdrawn", WITHDRAWN), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        """With the open ones first, in the place of Django's "All"."""
        for choice in super().choices(changelist):
            yield choice | ({"display": OPEN} if choice["display"] == "All" and choice["selected"] is None else {})

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        """The invitations of the choice."""
        match self.value():
            case "accepted":
                return queryset.filter(accepted_at__isnull=False)
            case "withdrawn":
                return queryset.filter(withdrawn_at__isnull=False)
            case "all":
                return queryset
        return queryset.filter(accepted_at=None, withdrawn_at=None)


class InvitationAdmin(UseCaseAdmin):
    """Who was invited, by whom, and what became of it."""

    list_display = ("email", "role", "state", "inviter", "sent", "ends")
    list_select_related = ("role", "invited_by")
    list_filter = (StateFilter, "role")
    search_words = ("email",)
    search_help_text = "Words of the address, or how they begin"
    sortable_by = ("sent",)
    actions = ("send_again", "withdraw")
    actions_submit_line = ("send_this_again", "withdraw_this")
    add_fieldsets = ((None, {"fields": ("email", "role")}),)
    fieldsets = ((None, {"fields": ("email", ("role", "state"), ("inviter", "sent", "ends"))}),)
    sent = moment_column("sent_at", "Sent")
    ends = moment_column("expires_at", "Link works until")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """An invitation is sent again or withdrawn, and never changed."""
        return ("email", "role", "state", "inviter", "sent", "ends") if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, in the words of this page."""
        kwargs["help_texts"] = (
            {}
            if obj
            else {
                "email": "A link is sent there. It works once, for seven days.",
                "role": "Owners and admins manage everything here, editors documents. Members use the chat only.",
            }
        )
        return super().get_form(request, obj, change=change, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The roles that this person may give."""
        actor, groups = actor_in_console(request), Group.objects.filter(name__in=ROLES).order_by("pk")
        allowed = [group.pk for group in groups if may_manage_holder_of(actor, {group.name})]
        kwargs["queryset"] = groups.filter(pk__in=allowed)
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.initial = next((group.pk for group in groups if group.name == MEMBER), None)
        field.empty_label = None
        return field

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Without a button that saves, where nothing can be changed."""
        return super().render_change_form(request, context | {"show_save": kwargs.get("add", False)}, *args, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An invitation is withdrawn: its row goes on saying that it was there."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Invite, or do what the button says."""
        if change:
            self.press_buttons(request, obj)
            return
        actor, given = actor_in_console(request), form.cleaned_data
        adopt(obj, invite(actor, given["email"], given["role"].name, site=_site(request)))

    @display(description="State", label={OPEN: "info", EXPIRED: "warning", ACCEPTED: "success", WITHDRAWN: "danger"})
    def state(self, invitation: Invitation) -> str:
        """What became of it."""
        if invitation.accepted_at:
            return ACCEPTED
        if invitation.withdrawn_at:
            return WITHDRAWN
        return EXPIRED if invitation.is_expired else OPEN

    @display(description="Invited by", ordering="invited_by__username")
    def inviter(self, invitation: Invitation) -> str:
        """The member who did."""
        return invitation.invited_by.display_name if invitation.invited_by else "-"

    @action(description="Send again, with a new link")
    def send_again(self, request: HttpRequest, invitations: QuerySet[Invitation]) -> None:
        """Send the chosen invitations again."""
        actor, site = actor_in_console(request), _site(request)
        self.do_to_each(request, invitations, lambda row: resend_invitation(actor, row.pk, site=site), "Sent again")

    @action(description="Withdraw: the links do not work any more")
    def withdraw(self, request: HttpRequest, invitations: QuerySet[Invitation]) -> None:
        """Withdraw the chosen invitations."""
        actor = actor_in_console(request)
        self.do_to_each(request, invitations, lambda row: withdraw_invitation(actor, row.pk), "Withdrawn")

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> Any:
        """Nothing to do about one that is not open any more."""
        is_open = Invitation.objects.filter(pk=object_id, accepted_at=None, withdrawn_at=None).exists()
        return super().get_actions_submit_line(request, object_id) if is_open else []

    @action(description="Send again", icon="send")
    def send_this_again(self, request: HttpRequest, invitation: Invitation) -> None:
        """Send the invitation that is shown again."""
        adopt(invitation, resend_invitation(actor_in_console(request), invitation.pk, site=_site(request)))

    @action(description="Withdraw", icon="block")
    def withdraw_this(self, request: HttpRequest, invitation: Invitation) -> None:
        """Withdraw the invitation that is shown."""
        adopt(invitation, withdraw_invitation(actor_in_console(request), invitation.pk))


def _site(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")
