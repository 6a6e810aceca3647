"""The members' chat page and the way in and out of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView, redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.response import SimpleTemplateResponse
from django.urls import reverse, reverse_lazy
from django.views.decorators.cache import never_cache

from tenants.context import current_tenant
from tenants.database import in_database

STARTERS = (
    "What can I ask you about?",
    "Give me a short overview",
    "How do I get started?",
)

AsyncView = Callable[..., Awaitable[HttpResponseBase]]


@never_cache
async def chat_page(request: HttpRequest) -> HttpResponseBase:
    """The chat for the member who is signed in; anyone else is sent to the sign-in page.

    The session and the member are read in one short use of a database connection, off the event loop. The
    component then talks to the API with the session cookie; ``get_token`` makes sure of the CSRF cookie.
    """
    member = await in_database(_signed_in_member, request)
    if member is None:
        return redirect_to_login(request.get_full_path(), login_url=reverse("embed:sign_in"))
    get_token(request)
    return render(request, "embed/chat.html", _page(member))


def _signed_in_member(request: HttpRequest) -> dict[str, Any] | None:
    """What the page says about the member: ``{"name", "is_staff"}``, or None when nobody is signed in."""
    user = request.user
    if not user.is_authenticated:
        return None
    return {"name": user.get_full_name() or user.get_username(), "is_staff": user.is_staff}


def _page(member: dict[str, Any]) -> dict[str, Any]:
    return {
        "member": member,
        "tenant_name": _tenant_name(),
        "chat_config": {
            "apiBase": "/api",
            "csrfCookie": settings.CSRF_COOKIE_NAME,
            "signInUrl": reverse("embed:sign_in"),
            "userName": member["name"],
            "tenantName": _tenant_name(),
            "starters": list(STARTERS),
        },
    }


def _tenant_name() -> str:
    tenant = current_tenant()
    return tenant.name if tenant else ""


def in_one_database_step(view: Callable[..., HttpResponseBase]) -> AsyncView:
    """Turn a synchronous view into an async one that gives its database connection back when it is done.

    Django would run the view on a thread of its own, whose connection nobody returns to the pool.
    """

    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if isinstance(response, SimpleTemplateResponse):
            response.render()  # a template may read the database too: not later, on the event loop
        return response

    @wraps(view)
    async def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return await in_database(answer, request, *args, **kwargs)

    return run


class SignIn(LoginView):
    """Django's sign-in, with the tenant's name on the page."""

    redirect_authenticated_user = True
    next_page = reverse_lazy("embed:chat")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add ``tenant_name`` to the template's context."""
        return super().get_context_data(**kwargs, tenant_name=_tenant_name())


sign_in = in_one_database_step(SignIn.as_view())
sign_out = in_one_database_step(LogoutView.as_view(next_page=reverse_lazy("embed:sign_in")))
