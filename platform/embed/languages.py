"""Languages by their tags (RFC 5646), as people type them: ``de``, ``pt-BR``. Pure."""

from __future__ import annotations

import re

from tenants.errors import InvalidInput

_TAG = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?", re.IGNORECASE)


def as_language(text: str) -> str:
    """The tag in its usual form. Which translations there are is known to the page, not here.

    Raises ``InvalidInput`` for what is none.
    """
    found = _TAG.fullmatch(text.strip().replace("_", "-"))
    if found is None:
        raise InvalidInput(f"{text.strip()[:50]!r} is no language such as en, de or pt-BR.", field="languages")
    language, script, region = found.groups(default="")
    return "-".join(filter(None, (language.lower(), script.title(), region.upper())))
