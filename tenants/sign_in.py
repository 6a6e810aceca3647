"""Signing in by name and password: Django's way, with the member's roles read together with the member."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import BigIntegerField

from tenants.members import role_names
from tenants.models import User
from tenants.prepared import Given, Prepared


class MemberBackend(ModelBackend):
    """Gives each request's user its ``role_names``: every request needs an actor, and so saves a query."""

    def get_user(self, user_id: Any) -> User | None:
        """The user of a session."""
        user = _BY_ID.first(key=User._meta.pk.to_python(user_id))
        if user is None or not self.user_can_authenticate(user):
            return None
        user.role_names = user.names  # type: ignore[attr-defined]  # the annotation below; the plugin loses it
        return user


_BY_ID = Prepared(lambda: User.objects.annotate(names=role_names("pk")).filter(pk=Given("key", BigIntegerField())))
