"""What each role may do with issues: Django's own permissions, given to the groups that the roles are."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission

from tenants.actors import ADMIN, EDITOR, MEMBER, OWNER
from tenants.context import current_tenant

VERBS = {
    OWNER: ("view", "add", "change", "delete"),
    ADMIN: ("view", "add", "change", "delete"),
    EDITOR: ("view", "add", "change"),
    MEMBER: ("view", "add"),
}


def grant_permissions(**signal: Any) -> None:
    """Give the roles of the tenant's schema that was migrated what ``VERBS`` says.

    Django makes an app's permissions after its migrations, so a migration could not do this.
    """
    if current_tenant() is None:
        return  # operators have no roles, and no issues
    for role, verbs in VERBS.items():
        group, _ = Group.objects.get_or_create(name=role)
        wanted = [f"{verb}_issue" for verb in verbs]
        group.permissions.add(*Permission.objects.filter(content_type__app_label="example", codename__in=wanted))
