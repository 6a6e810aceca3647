"""What administrators may write into an assistant's instructions in curly braces. All else is plain text.

There is no template language here: each placeholder is replaced once by one short line, and whatever that line holds
is not looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tenants.context import current_tenant

LONGEST = 100  # characters of what takes a placeholder's place


def _today(user: Any) -> str:
    return f"{datetime.now(UTC):%A, %d %B %Y}"


def _organisation(user: Any) -> str:
    tenant = current_tenant()
    return tenant.name if tenant else ""


def _member(user: Any) -> str:
    return str(getattr(user, "display_name", "")) or "the user"


PLACEHOLDERS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "today": ("today's date in UTC", _today),
    "organisation": ("the organisation's name", _organisation),
    "member": ("the name of the member who asks", _member),
}
"""Name -> what it stands for in words, and what gives it for a user (None: nobody in particular)."""

_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")


def holds_placeholders(text: str) -> bool:
    """True where there is something to fill in."""
    return _PLACEHOLDER.search(text) is not None


def filled(text: str, user: Any = None) -> str:
    """The text with its placeholders replaced. Other braces stay as they are."""
    return _PLACEHOLDER.sub(lambda found: _line(PLACEHOLDERS[found[1]][1](user)), text)


def _line(value: str) -> str:
    """One line of bounded length: a name must not look like further instructions."""
    return " ".join(value.split())[:LONGEST]
