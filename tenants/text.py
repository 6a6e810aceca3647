"""Text that people send, checked before it is stored."""

from __future__ import annotations

from tenants.errors import InvalidInput, TooLarge


def check_text(text: str, *, field: str, longest: int) -> str:
    """The text, if PostgreSQL can store it and it has at most ``longest`` characters.

    Raises ``TooLarge``, or ``InvalidInput`` for a NUL character or half of a surrogate pair (JSON can carry both).
    """
    if len(text) > longest:
        raise TooLarge(f"At most {longest:,} characters fit in here.", field=field)
    if "\x00" in text:
        raise InvalidInput("NUL characters cannot be stored.", field=field)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput("This is not valid Unicode: it holds half of a surrogate pair.", field=field) from None
    return text
