"""People: operators in the public schema, members in a tenant's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils.functional import lazy

from tenants.context import current_tenant
from tenants.router import BOTH
from tenants.signals import password_changed
from tenants.words import word_index


def _called() -> str:
    return "member" if current_tenant() else "operator"


def _called_together() -> str:
    return f"{_called()}s"


NAMES_OF_USER = ("username", "first_name", "last_name", "email")


class User(AbstractUser):
    """Someone who can sign in. The schema that the row lives in says to what.

    Django's user, session, group and content type tables exist in every schema: each host signs in its own people
    only, because each reads its own tables (docs/decisions/0002-framework-tables-in-both.md).
    """

    lives_in = BOTH
    audited_fields: ClassVar = ("username", "email", "first_name", "last_name", "is_active")
    role_names: Sequence[str]  # set where the roles were read in the same query (tenants/members.py)

    class Meta(AbstractUser.Meta):
        verbose_name = lazy(_called, str)()
        verbose_name_plural = lazy(_called_together, str)()
        indexes: ClassVar = [word_index(*NAMES_OF_USER, name="user_words")]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Django's. A new password is told of in the same transaction (``tenants/audit/listening.py``)."""
        if self._state.adding or self._password is None:  # type: ignore[attr-defined]
            super().save(*args, **kwargs)
            return
        with transaction.atomic():
            super().save(*args, **kwargs)
            password_changed.send(type(self), user=self)

    @property
    def display_name(self) -> str:
        """The name to greet with."""
        return self.get_full_name() or self.username
