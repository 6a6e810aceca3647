"""``DATABASE_URL`` -> Django's database settings, with the pool that the executor fits."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from atrium.env import Environment

MAX_LIFETIME = 30 * 60  # seconds; a backend's memory grows with every tenant whose tables it has touched


def database_settings(env: Environment) -> dict[str, Any]:
    """Settings of the one database. Raises ``ImproperlyConfigured`` for an address that is none."""
    url = env["DATABASE_URL"]
    address = _parse(url) if url else {"NAME": "atrium"}
    return {
        "ENGINE": "tenants.db_backend",
        **address,
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            **address.get("OPTIONS", {}),
            "pool": {
                "min_size": env["ATRIUM_DATABASE_POOL_MIN"],
                "max_size": env["ATRIUM_DATABASE_POOL_MAX"],
                "timeout": env["ATRIUM_DATABASE_TIMEOUT"],
                "max_lifetime": MAX_LIFETIME,
            },
        },
    }


def _parse(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or len(parts.path) < 2:
        raise ImproperlyConfigured("DATABASE_URL: expected postgresql://user:password@host:port/name")
    options = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        # a Unix socket's folder comes as ?host=/folder, or percent-encoded in the host's place
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": options,
    }
