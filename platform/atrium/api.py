"""The API of a tenant's host: each app's router, one way to sign in, one way to refuse."""

from __future__ import annotations

from assistants.api.assembly import assemble_api
from assistants.openai_api.assembly import assemble_openai_api
from rag.api import router as rag

api = assemble_api()
api.add_router("", rag, tags=["documents"])

openai_api = assemble_openai_api()
