"""The API of the OpenAI-compatible face: assistants as models, with the tenant's API keys."""

from __future__ import annotations

from ninja import NinjaAPI

from assistants.api.rendering import JSONRenderer
from assistants.openai_api.router import router
from tenants.api.auth import ApiKeyAuth
from tenants.api.refusals import answer_errors


def assemble_openai_api() -> NinjaAPI:
    """A new API. It takes keys and no sessions: a page of another site could ride on a member's cookie.

    It has no document of its own: OpenAI's is the one that clients are written from.
    """
    api = NinjaAPI(
        title="Atrium for OpenAI's clients",
        auth=[ApiKeyAuth()],
        urls_namespace="openai",
        docs_url=None,
        openapi_url=None,
        renderer=JSONRenderer(),
    )
    answer_errors(api)
    api.add_router("", router)
    return api
