"""The request's way through the server, without leaving the event loop.

Django wraps a synchronous middleware into a thread hop each way. Most of its middleware only reads and sets headers
or makes lazy objects: it is called directly here. What may touch the database (saving a session) goes through
``in_database``, and so do synchronous views such as the consoles': they run on the bounded executor, are rendered
there, and give their connection back (``tenants/database.py`` says why).
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware as DjangoAuthentication
from django.contrib.messages.middleware import MessageMiddleware as DjangoMessages
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessions
from django.http import HttpRequest, HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware as DjangoXFrameOptions
from django.middleware.csrf import CsrfViewMiddleware as DjangoCsrf
from django.middleware.security import SecurityMiddleware as DjangoSecurity
from django.urls import set_urlconf

from atrium.problems import as_problem
from atrium.request_id import request_id
from tenants.context import active_schema
from tenants.database import in_database
from tenants.middleware import GetResponse

request_log = logging.getLogger("atrium.request")


class _AsyncOnly:
    async_capable = True
    sync_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)  # type: ignore[type-var]  # callable in its subclasses


class RequestMiddleware(_AsyncOnly):
    """Gives each request an id, and logs one line about its answer."""

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; the id goes into the logs, the problems and ``X-Request-ID``."""
        started = time.perf_counter()
        request.id = secrets.token_hex(8)  # type: ignore[attr-defined]  # for the audit log, which is below this layer
        token = request_id.set(request.id)  # type: ignore[attr-defined]
        try:
            response = as_problem(request, await self.get_response(request))
            response["X-Request-ID"] = request_id.get()
            self._log(request, response, time.perf_counter() - started)
            return response
        finally:
            with contextlib.suppress(ValueError):  # another context, when a client went away in mid-request
                request_id.reset(token)

    def _log(self, request: HttpRequest, response: HttpResponseBase, took: float) -> None:
        if not request_log.isEnabledFor(logging.INFO):
            return
        tenant = getattr(request, "tenant", active_schema())
        actor = getattr(request, "actor", None)
        request_log.info(
            "answered",
            extra={
                "method": request.method,
                "path": request.path,
                "status": response.status_code,
                "took_ms": round(took * 1000, 1),
                "tenant": tenant.schema_name,
                "actor_kind": actor.kind if actor else None,
            },
        )


class ContentSecurityMiddleware(_AsyncOnly):
    """Content-Security-Policy for every page: nothing inline, nothing from elsewhere.

    A view may set ``response.csp`` (a dict of directives) to say otherwise for its page. ``request.csp_nonce`` is
    made on first use, for the few style elements that the consoles' templates write.
    """

    DIRECTIVES = {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the header set."""
        nonce = secrets.token_urlsafe(16)
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        response = await self.get_response(request)
        directives = {**self.DIRECTIVES, **getattr(response, "csp", {})}
        policy = "; ".join(f"{name} {sources}" for name, sources in directives.items())
        response.headers.setdefault("Content-Security-Policy", policy.replace("{nonce}", nonce))
        return response


class _Direct:
    """Calls a Django middleware's hooks on the event loop: they only read, set headers and make lazy objects."""

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        hooks: Any = self  # a Django middleware: it has one of the hooks, or both
        response = hooks.process_request(request) if hasattr(hooks, "process_request") else None
        if response is None:
            response = await hooks.get_response(request)
        return await self._after(request, response) if hasattr(hooks, "process_response") else response

    async def _after(self, request: HttpRequest, response: Any) -> HttpResponseBase:
        hooks: Any = self
        return hooks.process_response(request, response)


class SecurityMiddleware(_Direct, DjangoSecurity):
    """HTTPS redirect, HSTS and the other security headers."""


class AuthenticationMiddleware(_Direct, DjangoAuthentication):
    """``request.user``, read when somebody asks."""


class XFrameOptionsMiddleware(_Direct, DjangoXFrameOptions):
    """No page of ours in a frame."""


class SessionMiddleware(_Direct, DjangoSessions):
    """Sessions; saved off the event loop, and only when there is something to save."""

    async def _after(self, request: HttpRequest, response: Any) -> HttpResponseBase:
        if request.session.modified or settings.SESSION_SAVE_EVERY_REQUEST:
            return await in_database(self.process_response, request, response)
        return self.process_response(request, response)


class MessageMiddleware(_Direct, DjangoMessages):
    """One-time messages of the consoles; they may be kept in the session."""

    async def _after(self, request: HttpRequest, response: Any) -> HttpResponseBase:
        storage = getattr(request, "_messages", None)
        if storage is not None and (storage.used or storage.added_new):
            return await in_database(self.process_response, request, response)
        return response


class CsrfViewMiddleware(_Direct, DjangoCsrf):
    """CSRF protection for forms; the token is in a cookie, so nothing here reads the database."""

    async def process_view(  # type: ignore[override]
        self, request: HttpRequest, callback: Any, args: Any, kwargs: Any
    ) -> Any:
        """Django's check, called directly. A form's body is read, which the server has buffered already."""
        return DjangoCsrf.process_view(self, request, callback, args, kwargs)


class SyncViewMiddleware(_AsyncOnly):
    """Runs synchronous views on the bounded executor, rendering included."""

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on: the work is in ``process_view``."""
        return await self.get_response(request)

    async def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> Any:
        """Answer in the view's place where the view is synchronous."""
        if iscoroutinefunction(view):
            return None
        return await in_database(_run_and_render, view, request, args, kwargs)


def _run_and_render(view: Any, request: HttpRequest, args: Any, kwargs: Any) -> HttpResponseBase:
    # Django keeps a request's URLs in an asgiref Local, which shows its values to the thread that set them only.
    set_urlconf(getattr(request, "urlconf", None))
    response = view(request, *args, **kwargs)
    render = getattr(response, "render", None)
    return render() if callable(render) else response
