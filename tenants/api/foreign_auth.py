"""A project's own ways to sign in to the API: the user that they find becomes the actor."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.constants import NOT_SET
from ninja.utils import is_async_callable

from tenants.actors import Actor
from tenants.api.auth import API_AUTH, ApiKeyAuth, SessionAuth, address_of
from tenants.budgets.rates import find_and_count
from tenants.database import in_database
from tenants.errors import NotSignedIn
from tenants.members import member_actor
from tenants.models import User

Auth = Callable[[HttpRequest], Any]


def sign_in_actors(api: NinjaAPI) -> None:
    """See to it that each request of ``api`` has an actor.

    An API without an ``auth`` of its own takes Atrium's: nothing of a tenant is open to everybody.
    """
    if api.auth is NOT_SET or not api.auth:
        api.auth = API_AUTH
    else:
        own = (ApiKeyAuth, SessionAuth)
        api.auth = [auth if isinstance(auth, own) else _with_actor(auth) for auth in api.auth]  # type: ignore[union-attr]


class _ForeignAuth:
    """Asks ``auth``, off the event loop where it is synchronous, and makes an actor of the member that it found."""

    is_async = True

    def __init__(self, auth: Auth) -> None:
        self._auth = auth
        if hasattr(auth, "openapi_security_schema"):
            self.openapi_security_schema = auth.openapi_security_schema

    async def __call__(self, request: HttpRequest) -> Any:
        """What ``auth`` returned, or None. Raises ``NotSignedIn`` where that names no member of this tenant."""
        if is_async_callable(self._auth) or getattr(self._auth, "is_async", False):
            answer = self._auth(request)
            found = await answer if answer is not None else None
        else:
            found = await in_database(self._auth, request)
        if found:
            await find_and_count(partial(_remember, request, found), address_of(request))
        return found


def _with_actor(auth: Auth) -> _ForeignAuth:
    # The API's document names a way to sign in after the class that does it.
    return type(type(auth).__name__, (_ForeignAuth,), {})(auth)


def _remember(request: HttpRequest, found: Any) -> Actor:
    user = found if isinstance(found, User) else request.user
    if not isinstance(user, User) or not user.is_active:
        raise NotSignedIn("This way to sign in names no active member: return the user, or set request.user.")
    request.user = user
    actor = member_actor(user)
    request.actor = actor  # type: ignore[attr-defined]
    return actor
