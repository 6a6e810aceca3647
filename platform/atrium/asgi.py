"""The server's entry: Django over ASGI, with a start and an orderly end."""

from __future__ import annotations

from atrium.env import set_default_settings_module

set_default_settings_module()

import django  # noqa: E402
from django.core.cache import close_caches  # noqa: E402
from django.core.handlers.base import reset_urlconf  # noqa: E402
from django.core.signals import request_finished, request_started  # noqa: E402
from django.db import close_old_connections, reset_queries  # noqa: E402

django.setup(set_prefix=False)

from atrium.handler import Receive, RequestHandler, Scope, Send  # noqa: E402

_django = RequestHandler()

# These receivers hop to a thread at the start and the end of each request, to look after what this server never
# leaves behind: in_database gives connections back, a request's URLs go with its task, the cache is in the process.
request_started.disconnect(reset_queries)
request_started.disconnect(close_old_connections)
request_finished.disconnect(close_old_connections)
request_finished.disconnect(reset_urlconf)
request_finished.disconnect(close_caches)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one connection's scope: the process' life, or a request."""
    if scope["type"] == "lifespan":
        from atrium.lifespan import lifespan

        await lifespan(receive, send)
    else:
        await _django(scope, receive, send)  # type: ignore[arg-type]  # asgiref's own, narrower types
