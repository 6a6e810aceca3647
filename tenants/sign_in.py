"""Signing in by name and password: Django's way, counted, with the member's roles read together with the member."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import BigIntegerField
from django.http import HttpRequest
from django.utils import timezone

from tenants.database import in_database
from tenants.lockout import Attempt, words_for
from tenants.members import role_names
from tenants.models import User
from tenants.prepared import Given, Prepared


class SignInLocked(PermissionDenied):
    """Too many attempts. Django's ``authenticate`` takes it as a no, and asks no other backend."""


class MemberBackend(ModelBackend):
    """Takes a user name or an e-mail address.

    Gives each request's user its ``role_names``: every request needs an actor, and so saves a query.
    """

    def authenticate(  # type: ignore[override]
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Any:
        """The user with this name (or e-mail address) and password, or None. Raises ``SignInLocked``."""
        if not username or password is None:
            return None
        attempt = Attempt.of(request, username)
        until = attempt.begin()
        if until is not None:
            if request is not None:
                request.sign_in_locked_until = until  # type: ignore[attr-defined]  # for the form's words
            raise SignInLocked
        meant = _user_name(username)
        user = super().authenticate(request, username=meant, password=password, **kwargs)
        if user is None:
            attempt.failed(meant)
        else:
            attempt.succeeded()
        return user

    async def aauthenticate(  # type: ignore[override]
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Any:
        """The same off the event loop: hashing a password takes a tenth of a second."""
        return await in_database(self.authenticate, request, username, password, **kwargs)

    def get_user(self, user_id: Any) -> User | None:
        """The user of a session."""
        user = _BY_ID.first(key=User._meta.pk.to_python(user_id))
        if user is None or not self.user_can_authenticate(user):
            return None
        user.role_names = user.names  # type: ignore[attr-defined]  # the annotation below; the plugin loses it
        return user


class TellsLocked:
    """Makes a sign-in form say that it is locked, and for how long. The same for names that do not exist."""

    def get_invalid_login_error(self: Any) -> ValidationError:
        """The reason why nobody was found."""
        until = getattr(self.request, "sign_in_locked_until", None)
        if until is None:
            return super().get_invalid_login_error()  # type: ignore[misc]
        return ValidationError(words_for(until, timezone.now()), code="locked")


def _user_name(given: str) -> str:
    """The user name that is meant: ``given``, or the name of the one member with this e-mail address."""
    if "@" not in given or User.objects.filter(username=given).exists():
        return given
    names = list(User.objects.filter(email__iexact=given, is_active=True).values_list("username", flat=True)[:2])
    return names[0] if len(names) == 1 else given


_BY_ID = Prepared(lambda: User.objects.annotate(names=role_names("pk")).filter(pk=Given("key", BigIntegerField())))
