"""What a tenant's host serves."""

from __future__ import annotations

from django.urls import include, path

from atrium.api import api
from atrium.consoles import tenant_site

urlpatterns = [
    path("api/", api.urls),
    path("admin/", tenant_site.urls),
    path("", include("embed.urls")),
]
