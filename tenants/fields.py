"""Keys: UUID version 7, which sort by time and tell nobody how many rows there are (RFC 9562, section 5.7)."""

from __future__ import annotations

import uuid
from typing import Any

import uuid_utils.compat
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import AutoField, UUIDField
from django.utils.functional import cached_property

# Django asks every backend for the range of an automatic key's column type, and knows none for UUIDs.
BaseDatabaseOperations.integer_field_ranges["UUIDField"] = (0, 0)


def uuid7() -> uuid.UUID:
    """A new key: milliseconds since the epoch first, then random bits."""
    return uuid_utils.compat.uuid7()


class UUIDv7AutoField(UUIDField, AutoField):  # type: ignore[misc]  # Django's own way; the stubs see a clash
    """A primary key that makes its own UUIDv7, usable as an app's ``default_auto_field``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", uuid7)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def get_prep_value(self, value: Any) -> uuid.UUID | None:
        """The key as a UUID; ``IntegerField`` would make a number of it."""
        return self.to_python(value)

    def rel_db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """The type of a foreign key to this: ``AutoField`` would say integer."""
        return UUIDField().db_type(connection)

    @cached_property
    def validators(self) -> list[Any]:
        """None: ``IntegerField`` would compare the key with a range of numbers."""
        return []

    def _check_max_length_warning(self) -> list[Any]:
        """None: a UUID's column has a length of its own, which ``IntegerField`` wonders about."""
        return []
