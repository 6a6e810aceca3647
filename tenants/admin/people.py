"""The people: a tenant's members in its own console, operators in theirs."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from tenants.actors import MEMBER, ROLES
from tenants.admin.base import UseCaseAdmin, actor_in_console, adopt
from tenants.errors import Conflict
from tenants.models import User
from tenants.policies import may_manage_holder_of
from tenants.use_cases.members import PROFILE, add_member, change_member, role_names

PROFILE_FIELDS = ("username", ("first_name", "last_name"), "email")
ROLES_HELP = "Owners and admins manage everything here, editors documents. Members use the chat only."


class PeopleAdmin(DjangoUserAdmin, UseCaseAdmin):
    """People who can sign in at this host. They are kept out by being made inactive; nobody is deleted."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    search_fields = ("username", "first_name", "last_name", "email")
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody is deleted: what they wrote would lose its author."""
        return False

    @display(description="Name", header=True, ordering="username")
    def who(self, user: User) -> tuple[str, str, str]:
        """Name, e-mail and initials, as unfold shows a person."""
        initials = "".join(word[:1] for word in user.display_name.split()[:2])
        return user.display_name, user.email or user.username, initials

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
        super().__init__(Group.objects.order_by("pk"), widget=widget, help_text=ROLES_HELP, **kwargs)


class MemberForm(UserChangeForm):
    """A member's profile and roles."""

    roles = _RolesField()

    class Meta(UserChangeForm.Meta):
        model = User
        fields = (*PROFILE, "is_active", "password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "roles" in self.fields:  # not for somebody who only looks
            self.fields["roles"].initial = self.instance.groups.all()


class NewMemberForm(UserCreationForm):
    """A new member."""

    usable_password = None  # everybody signs in with a password here
    roles = _RolesField(initial=_default_roles)

    class Meta(UserCreationForm.Meta):
        model = User
        fields = PROFILE


class MemberAdmin(PeopleAdmin):
    """A tenant's members and their roles. Whoever is an owner, an admin or an editor may use the console."""

    form = MemberForm
    add_form = NewMemberForm
    list_display = ("who", "roles_held", "lets_in", "last_login")
    list_filter = ("groups", "is_active")
    fieldsets = (
        (None, {"fields": (*PROFILE_FIELDS, "password")}),
        ("Access", {"fields": ("is_active", "roles")}),
        ("Dates", {"fields": (("last_login", "date_joined"),)}),
    )
    add_fieldsets = (
        (None, {"fields": PROFILE_FIELDS}),
        ("Sign-in", {"fields": ("password1", "password2")}),
        ("Access", {"fields": ("roles",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Members with their roles."""
        return super().get_queryset(request).prefetch_related("groups")

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

    @display(description="Roles")
    def roles_held(self, user: User) -> str:
        """The roles in their order, then others."""
        held = role_names(user)
        return ", ".join([*(role for role in ROLES if role in held), *sorted(held - set(ROLES))]) or "none"


class NewOperatorForm(UserCreationForm):
    """A new operator."""

    usable_password = None

    class Meta(UserCreationForm.Meta):
        model = User
        fields = PROFILE


class OperatorAdmin(PeopleAdmin):
    """Operators: each of them may do everything on the public host, and nothing inside a tenant."""

    add_form = NewOperatorForm
    list_display = ("who", "lets_in", "last_login")
    list_filter = ("is_active",)
    fieldsets = (
        (None, {"fields": (*PROFILE_FIELDS, "password")}),
        ("Access", {"fields": ("is_active",)}),
        ("Dates", {"fields": (("last_login", "date_joined"),)}),
    )
    add_fieldsets: ClassVar[Any] = (
        (None, {"fields": PROFILE_FIELDS}),
        ("Sign-in", {"fields": ("password1", "password2")}),
    )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Store the operator, who may do everything here. Nobody locks the door behind themselves."""
        if change and obj.pk == request.user.pk and not obj.is_active:
            raise Conflict("Another operator has to make you inactive.", code="own_account")
        obj.is_staff = obj.is_superuser = True
        super().save_model(request, obj, form, change)
