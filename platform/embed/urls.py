"""The pages of a tenant's host that are not a console and not the API."""

from __future__ import annotations

from django.urls import path

from embed import views

app_name = "embed"

urlpatterns = [
    path("", views.chat_page, name="chat"),
    path("accounts/login/", views.sign_in, name="sign_in"),
    path("accounts/logout/", views.sign_out, name="sign_out"),
]
