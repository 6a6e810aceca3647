"""The pages of a tenant's host that are not a console and not the API."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import include, path

from embed import account_views, frame_views, views
from embed.api import embed_api

# Below accounts/password/; on the public host, too.
password_urls = [
    path("", account_views.ResetPassword.as_view(), name="password_reset"),
    path("asked/", account_views.ResetPasswordAsked.as_view(), name="password_reset_done"),
    path("<uidb64>/<token>/", account_views.NewPassword.as_view(), name="password_reset_confirm"),
    path("set/", account_views.NewPasswordSet.as_view(), name="password_reset_complete"),
]

# The names are Django's own: settings.LOGIN_URL and LOGOUT_REDIRECT_URL say "login".
urlpatterns = [
    path("", views.chat_page, name="chat"),
    path("embed.js", frame_views.launcher_script, name="launcher"),
    path("embed/frame/", frame_views.frame_page, name="frame"),
    path("embed/page/<str:key>/", frame_views.full_page, name="chat_as_a_page"),
    path("embed/", embed_api.urls),
    path("accounts/login/", account_views.SignIn.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/password/", include(password_urls)),
    path("accounts/invitation/<str:token>/", account_views.AcceptInvitation.as_view(), name="accept_invitation"),
]
