"""What a person reads where a page is not there, not theirs, or closed. Programs get JSON (problems.py).

None of these pages asks the database anything: they are also for when that is what fails.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults
from django.views.csrf import csrf_failure

from atrium.request_id import request_id
from tenants.context import current_tenant

_STYLE = (Path(__file__).parent / "templates" / "console" / "refused.css").read_text()
# A suspended host serves no file: its page brings its style along, and the policy allows that very text.
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: Django's own answer, or a page for a person."""
    if not _is_for_person(request):
        return defaults.permission_denied(request, exception)
    said = "Your role does not open this page. Somebody who manages members can change that."
    return page(403, "This page is not yours to open", said, console=True)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: Django's own answer, or a page for a person. The same for what was never there and what is another's."""
    if request.path.startswith("/api/"):
        from atrium.problems import no_such_endpoint  # which shows pages of this module

        return no_such_endpoint(request)
    if not _is_for_person(request):
        return defaults.page_not_found(request, exception)
    said = "The address is wrong, or what was here has been deleted."
    return page(404, "There is nothing at this address", said, console=request.path.startswith("/admin/"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: Django's own answer, or a page for a person."""
    if not _is_for_person(request):
        return defaults.bad_request(request, exception)
    said = "The address asks for something that cannot be. Begin again from a page of the menu."
    return page(400, "This request makes no sense here", said, console=request.path.startswith("/admin/"))


def failed(request: HttpRequest) -> HttpResponse:
    """500: Django's own answer, or a page for a person, with what the logs call the request."""
    if not _is_for_person(request):
        return defaults.server_error(request)
    said = f"Try again. If that does not help, tell whoever runs this service the number {request_id.get()}."
    return page(500, "Something went wrong on our side", said, console=request.path.startswith("/admin/"))


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403, of a form whose token is not the browser's: somebody has signed in or out since the page was opened."""
    if not _is_for_person(request):
        return csrf_failure(request, reason)
    said = "You have signed in or out since you opened the page, or your browser keeps no cookies. Open it once more."
    return page(403, "This form is out of date", said, console=request.path.startswith("/admin/"))


def suspended() -> HttpResponse:
    """403, of a tenant that is suspended or archived."""
    return page(403, "This site is suspended", "Nothing in it is lost. Whoever runs this service can resume it.")


def unknown_host() -> HttpResponse:
    """404, of a host at which no tenant answers."""
    return page(404, "Nobody answers at this address", "Check how it is written, or ask whoever gave it to you.")


def page(status: int, title: str, said: str, console: bool = False) -> HttpResponse:
    """A page of its own, that needs no other file. ``console``: with the way back to the console."""
    ways = [("/admin/", "To the console")] if console else []
    if status != 403 or console:
        ways += [("/", "To the chat")] if current_tenant() else []
    written = render_to_string("console/refused.html", {"title": title, "said": said, "ways": ways, "style": _STYLE})
    response = HttpResponse(written, status=status)
    response.csp = {"style-src": f"'self' 'sha256-{_DIGEST}'"}  # type: ignore[attr-defined]
    return response


def _is_for_person(request: HttpRequest) -> bool:
    return request.path.startswith("/admin/") or (
        "text/html" in request.headers.get("Accept", "") and not request.path.startswith(("/api/", "/v1/"))
    )
