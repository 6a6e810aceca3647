"""System checks: what ``manage.py check``, and every command that checks, says about the deployment."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

SCHEMES = ("redis", "rediss", "unix")


@register("tenants")
def check_redis(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E001: ``REDIS_URL`` is set and Python has no client for it. E002: it is no address of a Redis."""
    url = settings.REDIS_URL
    if not url:
        return []
    problems: list[CheckMessage] = []
    if find_spec("redis") is None:
        problems.append(
            Error(
                "REDIS_URL is set, and the Python package 'redis' is not installed.",
                hint="Install atrium[redis], or leave REDIS_URL empty: the database then counts requests.",
                id="tenants.E001",
            )
        )
    if urlsplit(url).scheme not in SCHEMES:  # the address itself may hold a password: it is not shown
        problems.append(
            Error(
                "REDIS_URL is not the address of a Redis.",
                hint="It looks like redis://:password@host:6379/0, rediss:// with TLS, or unix:///path/to/socket.",
                id="tenants.E002",
            )
        )
    return problems
