"""Lists in pages: a bounded number of rows, and the row after which the next page begins."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from tenants.paging import Listed, UnknownCursor

__all__ = ["Listed", "UnknownCursor", "read_page"]

Row = TypeVar("Row", bound=Model)


def read_page(
    rows: QuerySet[Row], field: str, *, limit: int, after: UUID | None = None, descending: bool = False, offset: int = 0
) -> Listed[Row]:
    """At most ``limit`` rows by ``field`` and id, those behind the row ``after``. Raises ``UnknownCursor``."""
    direction, side = ("-", "lt") if descending else ("", "gt")
    rows = rows.order_by(f"{direction}{field}", f"{direction}pk")
    if after is not None:
        place = rows.filter(pk=after).values_list(field, flat=True).first()
        if place is None:
            raise UnknownCursor
        # The first condition alone can use an index; the second takes out what stands before the place there.
        behind = ~Q(**{field: place}) | Q(**{f"pk__{side}": after})
        rows = rows.filter(Q(**{f"{field}__{side}e": place}) & behind)
    if offset:  # of the rows that are left out, only the keys are read, which the index has
        rows = rows.filter(pk__in=list(rows.values_list("pk", flat=True)[offset : offset + limit + 1]))
    found = list(rows[: limit + 1])
    return Listed(found[:limit], found[limit - 1].pk if len(found) > limit else None)
