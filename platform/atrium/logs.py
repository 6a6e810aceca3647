"""Structured logs: one JSON object a line, with tenant, actor kind, run and request; never content, never a secret."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from atrium.request_id import request_id
from tenants.context import active_schema

# Django adds the request, whose text is its whole address: a search's words are in it. uvicorn adds colours.
LEFT_OUT = ("request", "color_message")
MOST_CAUSES = 5


class ContextFilter(logging.Filter):
    """Adds to each record what the running context knows."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Fill the fields that are not set by the caller; keep the record."""
        request = getattr(record, "request", None)  # Django logs a refusal when the request's context has been left
        tenant, actor = getattr(request, "tenant", None), getattr(request, "actor", None)
        known = {
            "tenant": (tenant or active_schema()).schema_name,
            "request_id": getattr(request, "id", "") or request_id.get(),
            "actor_kind": getattr(actor, "kind", None),
            "run_id": None,
        }
        for name, value in known.items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True


class JsonFormatter(BaseJsonFormatter):
    """Time, level, logger and message first, then everything in ``extra``."""

    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}{tenant}{request_id}{actor_kind}{run_id}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            reserved_attrs=[*RESERVED_ATTRS, *LEFT_OUT],
        )

    def formatException(self, ei: Any) -> str:  # noqa: N802  logging's name
        """Where it happened and of which kind, without the exception's text: that may quote content or a secret."""
        _, error, trace = ei
        kinds = (f"{type(each).__module__}.{type(each).__qualname__}" for each in _with_causes(error))
        return f"{''.join(traceback.format_tb(trace))}{', from '.join(kinds)}"


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it was raised from, what that was raised from, and so on; not for ever where they form a ring."""
    for _ in range(MOST_CAUSES):
        if error is None:
            return
        yield error
        error = error.__cause__
