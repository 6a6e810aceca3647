"""Choosing a member in a form: from a list while it is short, by user name where it would be too long to send."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from tenants.models import User

MOST_LISTED = 500


class MemberByName(forms.ModelChoiceField):
    """A member, by user name."""

    def __init__(self, listed: forms.ModelChoiceField) -> None:
        said = " ".join(filter(None, (str(listed.help_text), "Write the user name.")))
        super().__init__(
            listed.queryset,
            required=listed.required,
            label=listed.label,
            help_text=said,
            to_field_name="username",
            widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
            error_messages={"invalid_choice": "There is no member with this user name."},
        )

    def prepare_value(self, value: Any) -> Any:
        """The name of the member that is stored, by its key; what was typed, as it is."""
        if isinstance(value, int):
            return User.objects.filter(pk=value).values_list("username", flat=True).first()
        return super().prepare_value(value)


class MembersByName(forms.CharField):
    """Members by user name, one a line."""

    def __init__(self, **kwargs: Any) -> None:
        said = "Their user names, one a line."
        super().__init__(required=False, help_text=said, widget=UnfoldAdminTextareaWidget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """The names of those who are in it; what was typed, as it is."""
        return "\n".join(value.values_list("username", flat=True)) if isinstance(value, QuerySet) else value

    def clean(self, value: Any) -> Any:
        """The members. Raises ``ValidationError`` for a name that nobody has."""
        wanted = {name.strip() for name in super().clean(value).splitlines()} - {""}
        found = list(User.objects.filter(username__in=wanted))
        unknown = sorted(wanted - {user.username for user in found})
        if unknown:
            raise forms.ValidationError(f"There is no member with the user name {unknown[0]}.")
        return found


def members_field() -> forms.Field:
    """Boxes to tick, or in their place names to write where there would be too many of them."""
    if has_many_members():
        return MembersByName()
    widget = UnfoldAdminCheckboxSelectMultipleWidget
    return forms.ModelMultipleChoiceField(User.objects.order_by("username"), required=False, widget=widget)


def has_many_members() -> bool:
    """True where a list of all members would be too long for a form."""
    return User.objects.values("pk")[: MOST_LISTED + 1].count() > MOST_LISTED


def member_field(listed: forms.ModelChoiceField) -> forms.ModelChoiceField:
    """The field as it is, or in its place one for the name: a list of 100,000 members takes a minute to make."""
    return MemberByName(listed) if has_many_members() else listed
