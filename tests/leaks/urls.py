"""A synchronous view, an asynchronous one, a stream, and one that fails: each answers with the rows that it sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

from tenants.database import in_database
from tests.leaks.rows import names


def sync_view(request: HttpRequest) -> HttpResponse:
    return JsonResponse(names(), safe=False)


async def async_view(request: HttpRequest) -> HttpResponse:
    before = await in_database(names)
    await asyncio.sleep(0.001)
    return JsonResponse(before + await in_database(names), safe=False)


async def stream_view(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[str]:
        for _ in range(3):
            await asyncio.sleep(0.001)
            yield "\n".join(await in_database(names)) + "\n"

    return StreamingHttpResponse(parts())


def failing_view(request: HttpRequest) -> HttpResponse:
    names()
    raise RuntimeError("on purpose")


urlpatterns = [
    path("sync", sync_view),
    path("async", async_view),
    path("stream", stream_view),
    path("failing", failing_view),
]
