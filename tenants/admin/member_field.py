"""Choosing a member or an API key in a form: from a list while it is short, by name where it would be too long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import MultipleObjectsReturned
from django.db import models
from django.db.models import QuerySet
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from tenants.models import ApiKey, User

MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class _Written:
    """What is written in place of choosing: which field of the row, what to write, and what a wrong one is told."""

    field: str
    hint: str
    unknown: str


_WRITTEN: Mapping[type[models.Model], _Written] = {
    User: _Written("username", "Write the user name.", "There is no member with this user name."),
    ApiKey: _Written("prefix", "Write how it begins, as the list of keys has it.", "There is no key that begins so."),
}


class RowByName(forms.ModelChoiceField):
    """A member or a key, by what it is known by."""

    def __init__(self, listed: forms.ModelChoiceField) -> None:
        assert listed.queryset is not None
        written = _WRITTEN[listed.queryset.model]
        super().__init__(
            listed.queryset,
            required=listed.required,
            label=listed.label,
            help_text=" ".join(filter(None, (str(listed.help_text), written.hint))),
            to_field_name=written.field,
            widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
            error_messages={"invalid_choice": written.unknown},
        )

    def prepare_value(self, value: Any) -> Any:
        """The name of the row that is stored, by its key; what was typed, as it is."""
        if isinstance(value, int) and self.queryset is not None:
            rows = self.queryset.model._default_manager.filter(pk=value)
            return rows.values_list(str(self.to_field_name), flat=True).first()
        return super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        """The row. Raises ``ValidationError``, also where two keys begin alike."""
        try:
            return super().to_python(value.strip() if isinstance(value, str) else value)
        except MultipleObjectsReturned as error:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from error


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
    return _are_many(User)


def is_written(field: Any) -> bool:
    """True for a field of a form whose rows can be named instead of chosen."""
    return isinstance(field, forms.ModelChoiceField) and field.queryset is not None and field.queryset.model in _WRITTEN


def row_field(listed: forms.ModelChoiceField) -> forms.ModelChoiceField:
    """The field as it is, or in its place one for the name: a list of 100,000 members takes a minute to make."""
    assert listed.queryset is not None
    return RowByName(listed) if _are_many(listed.queryset.model) else listed


def _are_many(model: type[models.Model]) -> bool:
    return model._default_manager.order_by().values("pk")[: MOST_LISTED + 1].count() > MOST_LISTED
