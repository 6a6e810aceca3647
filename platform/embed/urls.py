"""The pages of a tenant's host that are not a console and not the API."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from embed import views

# The names are Django's own: settings.LOGIN_URL and LOGOUT_REDIRECT_URL say "login".
urlpatterns = [
    path("", views.chat_page, name="chat"),
    path("accounts/login/", views.SignIn.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
]
