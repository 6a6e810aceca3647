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
    if not _is_for_person(request):
        return defaults.page_not_found(request, exception)
    said = "The address is wrong, or what was here has been deleted."
    return page(404, "There is nothing at this address", said, console=request.path.startswith("/admin/"))


def suspended() -> HttpResponse:
    """403, of a tenant that is suspended or archived."""
    return page(403, "This site is suspended", "Nothing in it is lost. Whoever runs this service can resume it.")


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
