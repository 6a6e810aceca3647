"""The server's entry: Django over ASGI, with a start and an orderly end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from atrium.env import set_default_settings_module

set_default_settings_module()

from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.signals import request_finished, request_started  # noqa: E402
from django.db import close_old_connections, reset_queries  # noqa: E402

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_django = get_asgi_application()

# These receivers hop to a thread at the start and the end of each request to look after a connection that this
# server never leaves open: in_database gives it back.
request_started.disconnect(reset_queries)
request_started.disconnect(close_old_connections)
request_finished.disconnect(close_old_connections)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one connection's scope: the process' life, or a request."""
    if scope["type"] == "lifespan":
        from atrium.lifespan import lifespan

        await lifespan(receive, send)
    else:
        await _django(scope, receive, send)  # type: ignore[arg-type]  # asgiref's own, narrower types
