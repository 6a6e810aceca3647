"""What the public host serves: the operators' console and API."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from atrium.consoles import operator_site
from atrium.operator_api import operator_api

urlpatterns = [
    path("api/operator/", operator_api.urls),
    path("admin/", operator_site.urls),
    path("", RedirectView.as_view(url="/admin/")),
]
