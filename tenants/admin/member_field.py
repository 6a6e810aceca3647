"""Choosing a member in a form: from a list while it is short, by user name where it would be too long to send."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

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


def member_field(listed: forms.ModelChoiceField) -> forms.ModelChoiceField:
    """The field as it is, or in its place one for the name: a list of 100,000 members takes a minute to make."""
    if User.objects.values("pk")[: MOST_LISTED + 1].count() <= MOST_LISTED:
        return listed
    return MemberByName(listed)
