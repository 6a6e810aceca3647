"""What a new tenant starts with: its roles and the visible first rule. Part of the template."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission

from tenants.actors import ADMIN, EDITOR, OWNER, ROLES
from tenants.rules.starting import make_starting_rules

# What the roles may do in the console: apps (by label) and the verbs on their models.
ROLE_PERMISSIONS: dict[str, dict[str, tuple[str, ...]]] = {
    OWNER: dict.fromkeys(("tenants", "assistants", "rag", "embed"), ("add", "change", "delete", "view")),
    ADMIN: dict.fromkeys(("tenants", "assistants", "rag", "embed"), ("add", "change", "delete", "view")),
    EDITOR: {"rag": ("add", "change", "delete", "view"), "assistants": ("view",)},
}


def seed() -> None:
    """Fill the new schema in force."""
    permissions = list(Permission.objects.select_related("content_type"))
    for role in ROLES:
        group, _ = Group.objects.get_or_create(name=role)
        theirs = [each for each in permissions if may(role, each.content_type.app_label, each.codename)]
        group.permissions.add(*theirs)  # beside what other apps have given it
    make_starting_rules()


def may(role: str, app_label: str, codename: str) -> bool:
    """True when the role has the permission (``view_thread`` of ``assistants``, say) from the start."""
    return codename.split("_", 1)[0] in ROLE_PERMISSIONS.get(role, {}).get(app_label, ())
