"""What a tenant's host serves."""

from __future__ import annotations

from django.urls import include, path

from atrium.api import api, openai_api
from atrium.consoles import tenant_site

urlpatterns = [
    path("api/", api.urls),
    path("v1/", openai_api.urls),  # where problems.py answers in OpenAI's shape
    path("admin/", tenant_site.urls),
    path("", include("embed.urls")),
]

handler400 = "atrium.error_pages.bad_request"
handler403 = "atrium.error_pages.forbidden"
handler404 = "atrium.error_pages.not_found"
handler500 = "atrium.error_pages.failed"
