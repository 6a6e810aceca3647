"""``DATABASE_URL`` -> Django's database settings, with the pool that the executor fits."""

from __future__ import annotations

from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from atrium.env import Environment

LISTENERS = 1  # connections of a process outside of the pool (tenants/notifications.py)
MAX_LIFETIME = 30 * 60  # seconds; a backend's memory grows with every tenant whose tables it has touched


def database_settings(env: Environment) -> dict[str, Any]:
    """Settings of the one database. Raises ``ImproperlyConfigured`` for an address that is none."""
    url = env["DATABASE_URL"]
    address: dict[str, Any] = _parse(url) if url else {"NAME": "atrium"}
    largest = max(1, env["ATRIUM_DATABASE_POOL_MAX"] - LISTENERS)
    return {
        "ENGINE": "tenants.db_backend",
        **address,
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            **address.get("OPTIONS", {}),
            "pool": {
                "min_size": min(env["ATRIUM_DATABASE_POOL_MIN"], largest),
                "max_size": largest,
                "timeout": env["ATRIUM_DATABASE_TIMEOUT"],
                "max_lifetime": MAX_LIFETIME,
            },
        },
    }


def _parse(url: str) -> dict[str, Any]:
    """The address as libpq reads it, which is how every other PostgreSQL program reads it, sockets included."""
    expected = ImproperlyConfigured("DATABASE_URL: expected postgresql://user:password@host:port/name")
    if not url.startswith(("postgres://", "postgresql://")):
        raise expected
    try:
        options = conninfo_to_dict(url)
    except (psycopg.Error, UnicodeError):
        raise expected from None  # libpq's own words quote the address, with the password in it
    name = options.pop("dbname", None)
    port = str(options.pop("port", None) or "")
    if not name or not all(_is_port(each) for each in port.split(",")):
        raise expected
    return {
        "NAME": name,
        "USER": options.pop("user", None) or "",
        "PASSWORD": options.pop("password", None) or "",
        "HOST": options.pop("host", None) or "",
        "PORT": port,
        "OPTIONS": options,
    }


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and 0 < int(text) < 2**16)
