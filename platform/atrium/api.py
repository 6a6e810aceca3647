"""The API of a tenant's host: each app's router, one way to sign in, one way to refuse."""

from __future__ import annotations

from assistants.api.assembly import assemble_api
from assistants.openai_api.assembly import assemble_openai_api
from embed.api.doctor import router as doctor
from rag.api import router as rag
from tenants.api.audit import router as audit
from tenants.api.groups import router as groups
from tenants.api.keys import router as keys
from tenants.api.members import router as members
from tenants.api.providers import router as providers
from tenants.api.scopes import close_undeclared

api = assemble_api()
api.add_router("", rag, tags=["documents"])
api.add_router("", members, tags=["members"])
api.add_router("", keys, tags=["keys"])
api.add_router("", groups)
api.add_router("", audit)
api.add_router("", providers, tags=["providers"])
api.add_router("", doctor)
close_undeclared(api)

openai_api = assemble_openai_api()
close_undeclared(openai_api)
