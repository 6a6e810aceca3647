"""Which page a request comes from, in the words of the browser that sends it."""

from __future__ import annotations

from django.http import HttpRequest

from embed.exceptions import SiteRefused
from embed.models import Site
from embed.origins import is_allowed


def own_origin(request: HttpRequest) -> str:
    """The origin of this host's own pages, the chat's frame among them."""
    return f"{request.scheme}://{request.get_host()}"


def origin_of(request: HttpRequest) -> str | None:
    """The origin of the page whose script sends the request; None where the browser does not say.

    Browsers send ``Origin`` with all that crosses origins and carries a token, and with what changes something. They
    leave it out of a page's questions to its own host, and say so in ``Sec-Fetch-Site``, which no script can set.
    """
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin
    return own_origin(request) if request.headers.get("Sec-Fetch-Site") == "same-origin" else None


def check_page(request: HttpRequest, site: Site, origin: str) -> None:
    """Raises ``SiteRefused`` unless the site is open to pages of ``origin``, and the request comes from one of them or
    from our own frame in one (which the browser shows to no other page: ``frame-ancestors``)."""
    sender = origin_of(request)
    if not site.enabled or not is_allowed(origin, site.origins) or sender not in (origin, own_origin(request)):
        raise SiteRefused
