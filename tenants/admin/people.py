"""The people: a tenant's members in its own console, operators in theirs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin import SimpleListFilter
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from tenants.actors import MEMBER, ROLES
from tenants.admin.base import UseCaseAdmin, actor_in_console, adopt, moment_column
from tenants.errors import Conflict
from tenants.models import User
from tenants.models.user import NAMES_OF_USER
from tenants.policies import may_manage_holder_of
from tenants.use_cases.members import PROFILE, add_member, change_member, role_names, set_active

PROFILE_FIELDS = ("username", ("first_name", "last_name"), "email")
ROLES_HELP = "Owners and admins manage everything here, editors documents. Members use the chat only."


class PeopleAdmin(DjangoUserAdmin, UseCaseAdmin):  # type: ignore[misc]
    """People who can sign in at this host. They are kept out by being made inactive; nobody is deleted."""

    form = forms.ModelForm
    change_password_form = AdminPasswordChangeForm
    search_fields = ()
    search_words = NAMES_OF_USER
    search_help_text = "Words of a name or an address, or how they begin"
    sortable_by = ("who",)
    add_form_template = None
    readonly_fields = ("password_link", "last_seen", "joined")
    filter_horizontal = ()
    last_seen = moment_column("last_login", "Last sign-in")
    joined = moment_column("date_joined", "Added")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """What the switch does, in the words of this page."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "is_active" and field is not None:
            field.help_text = "Switched off, this person cannot sign in, nor can their API keys."
        return field

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody is deleted: what they wrote would lose its author."""
        return False

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Back to the list: Django's own would open the new person's page, for what is in this form already."""
        return UseCaseAdmin.response_add(self, request, obj, post_url_continue)

    @display(description="Name", header=True, ordering="username")
    def who(self, user: User) -> tuple[str, str, str]:
        """Name, e-mail and initials, as unfold shows a person."""
        initials = "".join(word[:1] for word in user.display_name.split()[:2])
        return user.display_name, user.email or user.username, initials

    @display(description="Password")
    def password_link(self, user: User) -> SafeString:
        """Whether there is one, and the way to a new one."""
        said = "Set." if user.has_usable_password() else "None: nobody can sign in with this account."
        return format_html('{} <a href="../password/" class="console-link">Give a new password</a>', said)

    @display(description="Can sign in", label={"Yes": "success", "No": "danger"}, ordering="is_active")
    def lets_in(self, user: User) -> str:
        """Whether the account is active."""
        return "Yes" if user.is_active else "No"


def _default_roles() -> QuerySet[Group]:
    return Group.objects.filter(name=MEMBER)


class _RolesField(forms.ModelMultipleChoiceField):
    """Roles as boxes to tick, from the most powerful down."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminCheckboxSelectMultipleWidget
        super().__init__(
            Group.objects.filter(name__in=ROLES).order_by("pk"), widget=widget, help_text=ROLES_HELP, **kwargs
        )


class MemberForm(forms.ModelForm):
    """A member's profile and roles."""

    roles = _RolesField()

    class Meta:
        model = User
        fields = (*PROFILE, "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "roles" in self.fields:  # not for somebody who only looks
            self.fields["roles"].initial = self.instance.groups.all()


class NewPersonForm(UserCreationForm):
    """Somebody new, with a first password."""

    usable_password = None  # everybody signs in with a password here

    class Meta(UserCreationForm.Meta):
        model = User
        fields = PROFILE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("password1", "password2"):
            self.fields[name].required = True


class NewMemberForm(NewPersonForm):
    """A new member."""

    roles = _RolesField(initial=_default_roles)


class RoleFilter(SimpleListFilter):
    """Members by role or group. Django's own filter joins the groups' rows, and then looks for doubles among all."""

    title, parameter_name = "role", "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The roles in their order, then other groups."""
        return [(str(group.pk), group.name) for group in Group.objects.order_by("pk")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        """The members of the choice."""
        chosen = self.value() or ""
        if not chosen.isdecimal():
            return queryset
        return queryset.filter(Exists(User.groups.through.objects.filter(user=OuterRef("pk"), group=int(chosen))))


class MemberAdmin(PeopleAdmin):
    """A tenant's members and their roles. Whoever is an owner, an admin or an editor may use the console."""

    form = MemberForm
    add_form = NewMemberForm
    list_display = ("who", "roles_held", "lets_in", "last_seen")
    list_filter = (RoleFilter, "is_active")
    actions = ("let_in", "keep_out")
    fieldsets = (
        (None, {"fields": (*PROFILE_FIELDS, "password_link")}),
        ("Access", {"fields": ("is_active", "roles")}),
        (None, {"fields": (("last_seen", "joined"),)}),
    )
    add_fieldsets = (
        (None, {"fields": PROFILE_FIELDS}),
        ("Sign-in", {"fields": ("password1", "password2")}),
        ("Access", {"fields": ("roles",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Members with their roles."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may not change the member sees the roles in words, and no way to a new password."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return ((None, {"fields": (*PROFILE_FIELDS, "is_active", "roles_held", ("last_seen", "joined"))}),)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only an owner changes owners, their passwords too."""
        if not super().has_change_permission(request, obj):
            return False
        return obj is None or may_manage_holder_of(actor_in_console(request), role_names(obj))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Add or change the member."""
        actor, given = actor_in_console(request), form.cleaned_data
        profile = {name: given[name] for name in PROFILE}
        roles = {group.name for group in given["roles"]}
        if change:
            stored = change_member(actor, obj.pk, roles=roles, is_active=given["is_active"], **profile)
        else:
            stored = add_member(actor, password=given["password1"], roles=roles, **profile)
        adopt(obj, stored)

    @action(description="Let in")
    def let_in(self, request: HttpRequest, members: QuerySet[User]) -> None:
        """Let the chosen members sign in."""
        actor = actor_in_console(request)
        self.do_to_each(request, members, lambda user: set_active(actor, user.pk, True), "Let in")

    @action(description="Keep out: cannot sign in, nor can their keys")
    def keep_out(self, request: HttpRequest, members: QuerySet[User]) -> None:
        """Keep the chosen members out."""
        actor = actor_in_console(request)
        self.do_to_each(request, members, lambda user: set_active(actor, user.pk, False), "Kept out")

    @display(description="Roles")
    def roles_held(self, user: User) -> str:
        """The roles in their order, then others."""
        held = role_names(user)
        return ", ".join([*(role for role in ROLES if role in held), *sorted(held - set(ROLES))]) or "none"


class OperatorAdmin(PeopleAdmin):
    """Operators: each of them may do everything on the public host, and nothing inside a tenant."""

    add_form = NewPersonForm
    list_display = ("who", "lets_in", "last_seen")
    list_filter = ("is_active",)
    fieldsets = (
        (None, {"fields": (*PROFILE_FIELDS, "password_link")}),
        ("Access", {"fields": ("is_active",)}),
        (None, {"fields": (("last_seen", "joined"),)}),
    )
    add_fieldsets = (
        (None, {"fields": PROFILE_FIELDS}),
        ("Sign-in", {"fields": ("password1", "password2")}),
    )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Store the operator, who may do everything here. Nobody locks the door behind themselves."""
        if change and obj.pk == request.user.pk and not obj.is_active:
            raise Conflict("Another operator has to make you inactive.", code="own_account")
        obj.is_staff = obj.is_superuser = True
        super().save_model(request, obj, form, change)
