"""Cross-origin requests to the API: pages of a tenant's sites may send them and read the answers, and no others.

Exact: the origin that asked is named, never ``*``, and no cookies are let through (a visitor proves itself by its
token). Whether the request itself is allowed is decided where every request is.
(https://fetch.spec.whatwg.org/#http-cors-protocol)
"""

from __future__ import annotations

from asgiref.sync import markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers

from embed.models import Site
from embed.origins import is_allowed
from embed.pages import own_origin
from tenants.context import current_tenant
from tenants.database import in_database
from tenants.middleware import GetResponse

PATHS = ("/api/", "/embed/")
HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "accept, authorization, content-type, idempotency-key, last-event-id",
    "Access-Control-Max-Age": "600",  # seconds
}
EXPOSED = "Link, Retry-After, X-Request-ID"


class CorsMiddleware:
    """Answers preflights, and names the origin in answers to pages of the tenant's sites."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer. Only a request that crosses origins costs a query."""
        origin = request.headers.get("Origin")
        if not request.path.startswith(PATHS) or current_tenant() is None:
            return await self.get_response(request)
        if origin is None or origin == own_origin(request):
            response = await self.get_response(request)
            patch_vary_headers(response, ["Origin"])
            return response
        allowed = await in_database(_is_of_a_site, origin)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response = HttpResponse(status=204, headers=HEADERS if allowed else None)
        else:
            response = await self.get_response(request)
            if allowed:
                response["Access-Control-Expose-Headers"] = EXPOSED
        if allowed:
            response["Access-Control-Allow-Origin"] = origin
        patch_vary_headers(response, ["Origin"])
        return response


def _is_of_a_site(origin: str) -> bool:
    patterns = Site.objects.filter(enabled=True).values_list("origins", flat=True)
    return any(is_allowed(origin, each) for each in patterns)
