"""What is logged, as production writes it: one JSON object a line."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from atrium.logs import ContextFilter, JsonFormatter


class LogLines:
    """The lines of a logger and those below it."""

    def __init__(self) -> None:
        self._written = io.StringIO()

    @property
    def text(self) -> str:
        return self._written.getvalue()

    def read(self, message: str = "") -> list[dict]:
        """The lines, or those with this message."""
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in lines if not message or line["message"] == message]


@contextmanager
def log_lines(logger: str = "", level: int = logging.INFO) -> Iterator[LogLines]:
    """Gather what ``logger`` (by default all of them) writes inside the block."""
    lines = LogLines()
    handler = logging.StreamHandler(lines._written)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(ContextFilter())
    watched = logging.getLogger(logger)
    before = watched.level
    watched.addHandler(handler)
    watched.setLevel(level)
    try:
        yield lines
    finally:
        watched.removeHandler(handler)
        watched.setLevel(before)
