"""The id of the request that is being answered, for logs and problems."""

from __future__ import annotations

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("atrium_request_id", default="")
