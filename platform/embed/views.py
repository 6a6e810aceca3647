"""The members' chat page. The way in is in ``account_views.py``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from embed.account_views import tenant_name
from embed.translations import Language, language_for, vary_by_language
from tenants.database import in_database


@never_cache
async def chat_page(request: HttpRequest) -> HttpResponseBase:
    """The chat for the member who is signed in; anyone else is sent to the sign-in page.

    The session and the member are read in one short use of a database connection, off the event loop. The
    component then talks to the API with the session cookie; ``get_token`` makes sure of the CSRF cookie.
    """
    member = await in_database(_signed_in_member, request)
    if member is None:
        return redirect_to_login(request.get_full_path())
    get_token(request)
    response = render(request, "embed/chat.html", _page(member, language_for(request)))
    vary_by_language(response)
    return response


def _signed_in_member(request: HttpRequest) -> dict[str, Any] | None:
    """What the page says about the member: ``{"name", "is_staff"}``, or None when nobody is signed in."""
    user = request.user
    if not user.is_authenticated:
        return None
    return {"name": user.display_name, "is_staff": user.is_staff}


def _page(member: dict[str, Any], language: Language) -> dict[str, Any]:
    return {
        "language": language,
        "member": member,
        "tenant_name": tenant_name(),
        "chat_config": {
            "apiBase": "/api",
            "csrfCookie": settings.CSRF_COOKIE_NAME,
            "signInUrl": reverse("login"),
            "userName": member["name"],
            "tenantName": tenant_name(),
            "language": language.config,
        },
    }
