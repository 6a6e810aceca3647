"""Lists in pages: a bounded number of rows, and the place after which the next page begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from django.db.models import Model, Q, QuerySet

from assistants.access import key_of
from tenants.paging import Listed, UnknownCursor

__all__ = ["DEFAULT_LIMIT", "HIGHEST_LIMIT", "Listed", "Order", "Page", "UnknownCursor", "page_of", "read_page"]

Row = TypeVar("Row")  # what a page holds: an instance or a tuple; it has a ``pk`` and a ``created_at``
Stored = TypeVar("Stored", bound=Model)
Order = Literal["asc", "desc"]

DEFAULT_LIMIT, HIGHEST_LIMIT = 200, 500  # rows


@dataclass(frozen=True, slots=True)
class Page:
    """What is asked for: at most ``limit`` rows after the row with the id ``after``, by the time they were made."""

    limit: int = DEFAULT_LIMIT
    after: Any = None
    order: Order = "asc"


def read_page(rows: QuerySet[Stored, Row], page: Page, keep: Callable[[Row], bool] | None = None) -> Listed[Row]:
    """One page of ``rows``, which have a ``created_at``.

    ``keep`` leaves out rows that SQL could not judge; more are read until the page is full. Raises ``UnknownCursor``.
    """
    direction = "-" if page.order == "desc" else ""
    rows = rows.order_by(f"{direction}created_at", f"{direction}pk")
    place = _place_of(rows, page.after)
    kept: list[Row] = []
    while len(kept) <= page.limit:
        batch = list(_after(rows, place, page.order)[: page.limit + 1])
        kept += batch if keep is None else filter(keep, batch)
        if len(batch) <= page.limit:
            break
        place = _place(batch[-1])
    return page_of(kept, page)


def page_of(rows: list[Any], page: Page) -> Listed[Any]:
    """The page that begins with ``rows``, of which there is one more than fits if there is another page."""
    more = len(rows) > page.limit
    return Listed(rows[: page.limit], rows[page.limit - 1].pk if more else None)


def _place_of(rows: QuerySet[Stored, Any], cursor: Any) -> tuple[datetime, Any] | None:
    if cursor is None:
        return None
    found = rows.filter(pk=key_of(rows.model, cursor, UnknownCursor)).values_list("created_at", "pk").first()
    if found is None:
        raise UnknownCursor
    return found


def _place(row: Any) -> tuple[datetime, Any]:
    return row.created_at, row.pk


def _after(rows: QuerySet[Stored, Row], place: tuple[datetime, Any] | None, order: Order) -> QuerySet[Stored, Row]:
    if place is None:
        return rows
    made, key = place
    side = "lt" if order == "desc" else "gt"
    # The first condition alone can use the index; the second takes out the rows of the same instant before the place.
    return rows.filter(Q(**{f"created_at__{side}e": made}) & (~Q(created_at=made) | Q(**{f"pk__{side}": key})))
