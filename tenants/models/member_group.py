"""Groups of members: what access rules speak about besides roles."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import Group, GroupManager

from tenants.actors import ROLES
from tenants.router import BOTH


class MemberGroupManager(GroupManager):
    """The groups without the roles, which are groups of Django's, too."""

    use_in_migrations = False

    def get_queryset(self):  # type: ignore[no-untyped-def]  # Django's generics name no proxy here
        """All but the roles."""
        return super().get_queryset().exclude(name__in=ROLES)


class MemberGroup(Group):
    """A group that a tenant's administrators make and fill. It carries no rights of its own: rules name it."""

    lives_in = BOTH
    audit_name = "group"
    audited_fields: ClassVar = ("name",)

    objects: ClassVar[Any] = MemberGroupManager()

    class Meta:
        proxy = True
        ordering: ClassVar = ["name"]
        verbose_name = "group"
