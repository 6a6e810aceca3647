"""What is recorded wherever it is done: signing in, and getting a new password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in

from tenants.audit.recording import kind_of, record
from tenants.models import User
from tenants.signals import password_changed


def connect_signals() -> None:
    """Listen, from the start on."""
    user_logged_in.connect(_signed_in, dispatch_uid="atrium-audit-sign-in")
    password_changed.connect(_password_changed, dispatch_uid="atrium-audit-password")


def _signed_in(user: User, **_: Any) -> None:
    record("sign_in.succeeded", user, by=user, alone=True)


def _password_changed(user: User, **_: Any) -> None:
    record(f"{kind_of(User)}.password_changed", user)
