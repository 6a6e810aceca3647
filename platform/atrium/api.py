"""The API of a tenant's host: each app's router, one way to sign in, one way to refuse."""

from __future__ import annotations

from ninja import NinjaAPI

from assistants.api.messages import router as messages
from assistants.api.threads import router as threads
from atrium.problems import use_problems
from rag.api import router as rag
from tenants.api.auth import API_AUTH

api = NinjaAPI(
    title="Atrium",
    version="0.1.0",
    description="Assistants, threads and messages of one tenant. Sign in with a session or an API key.",
    auth=API_AUTH,
    urls_namespace="api",
    docs_url=None,  # the interactive page loads scripts from elsewhere; our pages do not
)
use_problems(api)
api.add_router("", threads, tags=["assistants"])
api.add_router("", messages, tags=["messages"])
api.add_router("", rag, tags=["documents"])
