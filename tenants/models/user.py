"""People: operators in the public schema, members in a tenant's."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import AbstractUser
from django.utils.functional import lazy

from tenants.context import current_tenant
from tenants.router import BOTH


def _called() -> str:
    return "member" if current_tenant() else "operator"


def _called_together() -> str:
    return f"{_called()}s"


class User(AbstractUser):
    """Someone who can sign in. The schema that the row lives in says to what.

    Django's user, session, group and content type tables exist in every schema: each host signs in its own people
    only, because each reads its own tables (docs/decisions/0002-framework-tables-in-both.md).
    """

    lives_in = BOTH
    role_names: Sequence[str]  # set where the roles were read in the same query (tenants/members.py)

    class Meta(AbstractUser.Meta):
        verbose_name = lazy(_called, str)()
        verbose_name_plural = lazy(_called_together, str)()

    @property
    def display_name(self) -> str:
        """The name to greet with."""
        return self.get_full_name() or self.username
