"""Host -> tenant, before anything else looks at the request.

Asynchronous all the way: an in-process map answers, no thread is used and no connection is taken.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any, cast

from asgiref.sync import markcoroutinefunction
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from tenants.audit.origin import from_request
from tenants.context import PUBLIC, TenantRef, tenant_context
from tenants.errors import TenantSuspended, UnknownHost
from tenants.hosts import PROOF_PATH, host_map

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class TenantMiddleware:
    """Runs each request in its tenant's context, or in the operators' on the public host.

    Sets ``request.tenant`` (a ``TenantRef``). An unknown host and a suspended tenant are refused through
    ``settings.ATRIUM_REFUSE`` (atrium/problems.py), because how a refusal looks is not this layer's to say.
    """

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.refuse: Callable[[HttpRequest, Exception], HttpResponseBase] = _refusal()
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Find the tenant, or refuse; then go on in its context."""
        host = _host_of(request)
        tenant = await self._tenant_at(host)
        if tenant is None:
            token = await host_map.token_of(host) if request.path == PROOF_PATH else None
            return HttpResponse(token, content_type="text/plain") if token else self.refuse(request, UnknownHost())
        request.tenant = tenant  # type: ignore[attr-defined]
        if tenant.suspended:
            return self.refuse(request, TenantSuspended())
        if tenant.is_public:
            request.urlconf = settings.PUBLIC_SCHEMA_URLCONF  # type: ignore[attr-defined]
        with tenant_context(tenant), from_request(request):
            response = await self.get_response(request)
        if isinstance(response, StreamingHttpResponse) and response.is_async:
            response.streaming_content = _InTenant(tenant, cast(AsyncIterable[bytes], response.streaming_content))
        return response

    async def _tenant_at(self, host: str) -> TenantRef | None:
        if host and host == settings.ATRIUM_PUBLIC_HOST:
            return PUBLIC
        return await host_map.find(host)


def _host_of(request: HttpRequest) -> str:
    """The host's name in the form in which it is looked up; "" for one that is not served at all."""
    try:
        return request.get_host().rsplit(":", 1)[0].lower().rstrip(".")
    except DisallowedHost:
        return ""


class _InTenant:
    """A stream whose every step runs in its tenant's context: it is consumed after the middleware has returned."""

    def __init__(self, tenant: TenantRef, parts: AsyncIterable[Any]) -> None:
        self._tenant = tenant
        self._parts = aiter(parts)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        with tenant_context(self._tenant):
            return await anext(self._parts)

    async def aclose(self) -> None:
        close = getattr(self._parts, "aclose", None)
        if close is not None:
            with tenant_context(self._tenant):
                await close()


def _refusal() -> Callable[[HttpRequest, Exception], HttpResponseBase]:
    from django.utils.module_loading import import_string

    return import_string(settings.ATRIUM_REFUSE)
