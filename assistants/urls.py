"""For projects with URLs of their own: ``path("ai-assistant/", include("assistants.urls"))``."""

from __future__ import annotations

from django.urls import path

from assistants.api.assembly import assemble_api
from tenants.api.scopes import close_undeclared

api = assemble_api()
close_undeclared(api)
api.urls_namespace = "ai_assistant"  # a name of its own: Atrium's URLs may serve the same API elsewhere

urlpatterns = [path("", api.urls)]
