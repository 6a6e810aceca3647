"""The HTTP of assistants, threads and messages: parse, call, return."""

from __future__ import annotations

from ninja import NinjaAPI

from assistants.api.documented import DocumentedAPI
from assistants.api.rendering import JSONRenderer
from tenants.api.auth import API_AUTH


def init_api() -> NinjaAPI:
    """The API as Atrium makes it. ``AI_ASSISTANT_INIT_API_FN`` names another function to make it otherwise."""
    return DocumentedAPI(
        title="Atrium",
        version="0.1.0",
        description="Assistants, threads and messages of one tenant. Sign in with a session or an API key.",
        auth=API_AUTH,
        urls_namespace="api",
        renderer=JSONRenderer(),
    )
