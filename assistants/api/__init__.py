"""The HTTP of assistants, threads and messages: parse, call, return."""

from __future__ import annotations

from ninja import NinjaAPI

from assistants.api.documented import DocumentedAPI
from assistants.api.rendering import JSONRenderer
from tenants.api.auth import API_AUTH

DESCRIPTION = """\
Assistants, threads and messages of one tenant. Sign in with a session, or with an API key as `Authorization: Bearer`.

**Refusals** are problem documents; `code` is stable. **Lists** are arrays in pages: while there is more, `Link` has the
next page's address. **Answers** are streamed as server-sent events with `Accept: text/event-stream`: `run.started`,
then `message.delta` (its `text` is a piece of the answer), `tool.started`, `tool.finished`, `citations`, `output`, and
last `run.done`, `run.waiting` (calls of tools that somebody must approve), `run.cancelled` or `error`. A connection
that breaks ends no run: follow it with `GET /api/runs/{run_id}/events/` and `Last-Event-ID`.
"""


def init_api() -> NinjaAPI:
    """The API as Atrium makes it. ``AI_ASSISTANT_INIT_API_FN`` names another function to make it otherwise."""
    return DocumentedAPI(
        title="Atrium",
        version="0.1.0",
        description=DESCRIPTION,
        auth=API_AUTH,
        urls_namespace="api",
        renderer=JSONRenderer(),
    )
