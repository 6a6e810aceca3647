"""What administrators may write into an assistant's instructions in curly braces. All else is plain text.

There is no template language here: each placeholder is replaced once by one short line, and whatever that line holds
is not looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tenants.actors import Actor
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

VISITOR = "visitor."
"""What a placeholder for an attribute of a visitor begins with: ``{visitor.plan}``."""

_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r"|visitor\.[^\W\d]\w{0,49})\}")


def holds_placeholders(text: str) -> bool:
    """True where there is something to fill in."""
    return _PLACEHOLDER.search(text) is not None


def filled(text: str, user: Any = None, actor: Actor | None = None) -> str:
    """The text with its placeholders replaced. Other braces stay as they are.

    ``actor`` is who asks: where it is a visitor of whom the site's server has said nothing under a name, or somebody
    else, nothing takes the place of the name.
    """

    def line(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith(VISITOR):
            return one_line(actor.attribute(name.removeprefix(VISITOR)) if actor else "")
        return one_line(PLACEHOLDERS[name][1](user))

    return _PLACEHOLDER.sub(line, text)


def one_line(value: str) -> str:
    """One line of bounded length, of what can be seen: a name must not look like further instructions."""
    seen = "".join(each for each in " ".join(value.split()) if each.isprintable())
    return seen[:LONGEST]
