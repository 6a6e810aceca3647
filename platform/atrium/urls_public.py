"""What the public host serves: the operators' console."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from atrium.consoles import operator_site

urlpatterns = [
    path("admin/", operator_site.urls),
    path("", RedirectView.as_view(url="/admin/")),
]
