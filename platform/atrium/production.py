"""What must hold before a production server starts."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured

THROWAWAY_KEY = "only-for-ATRIUM_DEBUG-" + "x" * 40
THROWAWAY_ENCRYPTION_KEY = "only-for-ATRIUM_DEBUG-" + "x" * 21 + "="  # 32 bytes in base64
SHORTEST_KEY = 50  # characters
FEWEST_DIFFERENT = 12  # different characters in a key


def refuse_unsafe(*, debug: bool, secret_key: str, allowed_hosts: Sequence[str], public_host: str) -> None:
    """Raise ``ImproperlyConfigured`` for a start that would not be safe; developer mode may do as it likes."""
    if debug:
        return
    if len(secret_key) < SHORTEST_KEY or len(set(secret_key)) < FEWEST_DIFFERENT or secret_key == THROWAWAY_KEY:
        raise ImproperlyConfigured(
            f"ATRIUM_SECRET_KEY is missing or weak: give at least {SHORTEST_KEY} random characters, for example from "
            "python -c 'import secrets; print(secrets.token_urlsafe(64))'. For developing, set ATRIUM_DEBUG=1."
        )
    if not allowed_hosts or not public_host:
        raise ImproperlyConfigured(
            "ATRIUM_PUBLIC_HOST and ATRIUM_ALLOWED_HOSTS are needed: the operators' host, and the hosts that are "
            "served (a leading dot takes in sub-domains). For developing, set ATRIUM_DEBUG=1."
        )
    if "*" in allowed_hosts:
        raise ImproperlyConfigured("ATRIUM_ALLOWED_HOSTS must name hosts: * would accept any Host header.")


def refuse_hasty(*, every: float, dead_after: float) -> None:
    """Raise ``ImproperlyConfigured`` where a process would be given up that has missed one heartbeat (seconds)."""
    if every <= 0 or dead_after < 2 * every:
        raise ImproperlyConfigured(
            f"ATRIUM_DEAD_AFTER ({dead_after:g} s) must be at least twice ATRIUM_HEARTBEAT_EVERY ({every:g} s, which "
            "is above 0): else a process that lives would lose its answers to another one."
        )
