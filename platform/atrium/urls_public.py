"""What the public host serves: the operators' console and API."""

from __future__ import annotations

from django.urls import include, path
from django.views.generic import RedirectView

from atrium.consoles import operator_site
from atrium.operator_api import operator_api
from embed.urls import password_urls

urlpatterns = [
    path("api/operator/", operator_api.urls),
    path("admin/", operator_site.urls),
    # By the names that the pages of an account know; nobody signs in there but at the console.
    path("accounts/login/", RedirectView.as_view(pattern_name="operator:login"), name="login"),
    path("accounts/password/", include(password_urls)),
    path("", RedirectView.as_view(url="/admin/")),
]

handler400 = "atrium.error_pages.bad_request"
handler403 = "atrium.error_pages.forbidden"
handler404 = "atrium.error_pages.not_found"
handler500 = "atrium.error_pages.failed"
