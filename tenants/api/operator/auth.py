"""Who asks on the public host: an operator's session or key -> ``request.operator``."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user
from django.http import HttpRequest
from ninja.security import HttpBearer

from tenants.api.auth import SessionAuth
from tenants.database import in_database
from tenants.errors import NotSignedIn
from tenants.models import User
from tenants.operators import Operator, Verb, operator_of
from tenants.use_cases.operator_keys import find_operator_key


class OperatorSessionAuth(SessionAuth):
    """An operator's session of the console. What changes something also needs the CSRF token in ``X-CSRFToken``."""

    async def authenticate(self, request: HttpRequest, key: str | None) -> Operator | None:  # type: ignore[override]
        """The operator of this session, or None."""
        return _remember(request, await in_database(_of_session, request)) if key else None


class OperatorKeyAuth(HttpBearer):
    """``Authorization: Bearer atr_op_...``"""

    async def authenticate(self, request: HttpRequest, token: str) -> Operator | None:  # type: ignore[override]
        """The operator that the key acts for. A wrong key is refused even where a session would do."""
        operator = await in_database(_of_key, token)
        if operator is None:
            raise NotSignedIn("This key is unknown here, revoked or expired.", code="wrong_api_key")
        return _remember(request, operator)


def _of_session(request: HttpRequest) -> Operator | None:
    user = get_user(request)
    return operator_of(user) if isinstance(user, User) else None


def _of_key(secret: str) -> Operator | None:
    key = find_operator_key(secret)
    return operator_of(key.operator, through=key.name) if key else None


def _remember(request: HttpRequest, operator: Operator | None) -> Operator | None:
    request.operator = operator  # type: ignore[attr-defined]
    return operator


def operator_who_may(request: Any, verb: Verb) -> Operator:
    """The operator of an authenticated request. Raises ``NotAllowed`` without the permission."""
    operator: Operator = request.operator
    operator.check_may(verb)
    return operator


OPERATOR_AUTH = [OperatorKeyAuth(), OperatorSessionAuth()]
