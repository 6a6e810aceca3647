"""What a visitor's browser asks before it has a token. The chat itself is the tenant's API, with that token."""

from __future__ import annotations

from ninja import NinjaAPI

from embed.api.sessions import router
from tenants.api.refusals import answer_errors

embed_api = NinjaAPI(title="Atrium: embedded chats", urls_namespace="embed", docs_url=None, openapi_url=None)
embed_api.add_router("", router)
answer_errors(embed_api)
