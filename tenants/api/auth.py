"""Who asks: a session, an API key or another token that a higher layer knows -> ``request.actor``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import APIKeyCookie, HttpBearer

from tenants.actors import Actor
from tenants.budgets.rates import find_and_count
from tenants.context import require_tenant
from tenants.errors import NotAllowed, NotSignedIn
from tenants.key_use import key_use
from tenants.keys import find_api_key, limits_of
from tenants.members import member_actor, roles_of
from tenants.models import User


def address_of(request: HttpRequest) -> str:
    """The network address that the request comes from: the proxy's, unless the server trusts what that says of it."""
    return request.META.get("REMOTE_ADDR", "")


def _session_actor(request: HttpRequest) -> Actor | None:
    user = get_user(request)
    if not isinstance(user, User) or not user.is_active:
        return None
    request.user = user
    return member_actor(user)


def _key_actor(request: HttpRequest, secret: str) -> Actor | None:
    key = find_api_key(secret)
    if key is None:
        return None
    request.user = key.user or AnonymousUser()  # never somebody whose session came along with the key
    tenant = require_tenant()
    key_use.note(tenant, key.pk)
    return Actor("api_key", tenant, key.user_id, key.pk, roles_of(key.user), key.name, **limits_of(key))


class SessionAuth(APIKeyCookie):
    """A member's session cookie. Requests that change something also need the CSRF token in ``X-CSRFToken``."""

    param_name = settings.SESSION_COOKIE_NAME

    def _get_key(self, request: HttpRequest) -> str | None:
        if self.param_name not in request.COOKIES:
            return None  # no session: nothing that a forged request could ride on
        try:
            return super()._get_key(request)
        except HttpError as error:
            raise NotAllowed(
                "Send the csrftoken cookie's value in the X-CSRFToken header.", code="csrf_failed"
            ) from error

    async def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:  # type: ignore[override]
        """The member of this session, or None."""
        if not key:
            return None
        return _remember(request, await find_and_count(partial(_session_actor, request), address_of(request)))


FindActor = Callable[[HttpRequest, str], Actor]
_others: dict[str, FindActor] = {}


def accept_bearer(begins_with: str, find: FindActor) -> None:
    """Take tokens that begin so, too. ``find`` is asked off the event loop, inside the tenant's context, and raises
    what refuses a token."""
    _others[begins_with] = find


class ApiKeyAuth(HttpBearer):
    """``Authorization: Bearer atr_...``, or another token that ``accept_bearer`` was told of."""

    async def authenticate(self, request: HttpRequest, token: str) -> Actor | None:  # type: ignore[override]
        """The actor that the key stands for. A wrong key is refused even where a session would do."""
        find = next((_others[start] for start in _others if token.startswith(start)), _key_actor)
        actor = await find_and_count(partial(find, request, token), address_of(request))
        if actor is None:
            raise NotSignedIn("This API key is unknown here, revoked or expired.", code="wrong_api_key")
        return _remember(request, actor)


def _remember(request: HttpRequest, actor: Actor | None) -> Actor | None:
    request.actor = actor  # type: ignore[attr-defined]
    return actor


def actor_of(request: Any) -> Actor:
    """The actor of an authenticated request."""
    return request.actor


API_AUTH = [ApiKeyAuth(), SessionAuth()]
