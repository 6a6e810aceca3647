"""``Retry-After``: how long a busy provider asks to be left alone."""

from __future__ import annotations

import math
from email.utils import parsedate_to_datetime

from assistants.llm.resilience.provider_errors import headers_of


def retry_after(error: BaseException, now: float) -> float | None:
    """Seconds that the response behind the error asks to wait, at least 0; None where it does not ask, or not legibly.

    ``now`` is the wall clock, in seconds since the epoch, for a date. Source: RFC 9110, section 10.2.3;
    ``retry-after-ms`` is OpenAI's and Azure's finer form of it.
    """
    headers = headers_of(error)
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    said = headers.get("retry-after", "").strip()
    seconds = _number(said)
    return _seconds_until(said, now) if seconds is None else seconds


def _number(said: str) -> float | None:
    try:
        number = float(said)
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None


def _seconds_until(date: str, now: float) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - now)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
