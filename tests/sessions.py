"""Sessions made without a sign-in form."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from tenants.models import User
from tests.factories import TenantFixture


async def session_of(tenant: TenantFixture, user: User | None = None) -> dict[str, str]:
    """A session of the user's (by default ``member``), as a header; with what unsafe requests need beside it."""

    def sign_in() -> str:
        session, member = SessionStore(), user or tenant.member
        session[SESSION_KEY] = str(member.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = member.get_session_auth_hash()
        session.create()
        return session.session_key

    key, token = await tenant.run(sign_in), "t" * 32
    cookies = f"{settings.SESSION_COOKIE_NAME}={key}; {settings.CSRF_COOKIE_NAME}={token}"
    return {"Cookie": cookies, "X-CSRFToken": token}
