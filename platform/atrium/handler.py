"""Django's ASGI handler, without the thread that it starts for each request.

Django closes every response on a thread of its own, made for that request, because closing may block: it sends
``request_finished``. Our server has disconnected the receivers that Django brings (atrium/asgi.py), so nothing is left
to do there, unless a project connects a receiver of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import Awaitable, Callable, MutableMapping
from typing import IO, Any

from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_finished, request_started
from django.http import HttpRequest, HttpResponseBase
from django.urls import set_script_prefix

from atrium.body_limit import LimitedBody, limit_of, too_large
from atrium.problems import refuse
from tenants.database import in_database

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class RequestHandler(ASGIHandler):
    """Serves requests as Django's own handler does, and cancels a view whose client has gone away."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        """Serve one request."""
        limited = LimitedBody(receive, limit_of(scope))
        try:
            body = await self.read_body(limited)  # type: ignore[arg-type]  # asgiref's own, narrower types
        except RequestAborted:
            return
        try:
            if limited.is_over:
                await self._refuse(scope, limit_of(scope), send)
            else:
                await self._serve(scope, body, receive, send)
        finally:
            body.close()

    async def _refuse(self, scope: Scope, limit: int, send: Send) -> None:
        """Answer without a look at what was sent; the connection is not used again, as there may be more of it."""
        request, response = self.create_request(scope, io.BytesIO())  # type: ignore[arg-type]
        response = refuse(request, too_large(limit)) if request is not None else response
        assert response is not None
        response["Connection"] = "close"
        await self.send_response(response, send)  # type: ignore[arg-type]
        response.close()

    async def _serve(self, scope: Scope, body: IO[bytes], receive: Receive, send: Send) -> None:
        set_script_prefix(get_script_prefix(scope))
        await request_started.asend(sender=type(self), scope=scope)
        request, response = self.create_request(scope, body)  # type: ignore[arg-type]
        if request is not None:
            response = await self._answer(request, receive, send)
        elif response is not None:
            await self.send_response(response, send)  # type: ignore[arg-type]
        await self._finish(response)

    async def _answer(self, request: HttpRequest, receive: Receive, send: Send) -> HttpResponseBase | None:
        """The response, when it has been sent; None when the client went away before there was one."""
        leaving = asyncio.create_task(self.listen_for_disconnect(receive))  # type: ignore[arg-type]
        answering = asyncio.create_task(self._respond(request, send))
        await asyncio.wait((leaving, answering), return_when=asyncio.FIRST_COMPLETED)
        for task in (leaving, answering):
            task.cancel()  # without effect on the one that is done
            with contextlib.suppress(asyncio.CancelledError, RequestAborted):
                await task
        return None if answering.cancelled() else answering.result()

    async def _respond(self, request: HttpRequest, send: Send) -> HttpResponseBase:
        response = await self.run_get_response(request)  # type: ignore[arg-type]
        with contextlib.suppress(asyncio.CancelledError):  # the client went away while it was being sent
            await self.send_response(response, send)  # type: ignore[arg-type]
        return response

    async def _finish(self, response: HttpResponseBase | None) -> None:
        if response is None:
            await request_finished.asend(sender=type(self))
        elif request_finished.has_listeners(type(self)):
            await in_database(response.close)
        else:
            response.close()
