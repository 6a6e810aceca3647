"""Lists in pages: what a page holds, and what is said of a cursor that no row has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tenants.errors import InvalidInput

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Listed(Generic[Row]):
    """A page's rows. ``after`` is the cursor of the next page, or None on the last."""

    rows: list[Row]
    after: Any = None


class UnknownCursor(InvalidInput):
    """The list has no row with this id: it was deleted, or belongs to another list. Begin again without `after`."""

    code = "unknown_cursor"

    def __init__(self) -> None:
        super().__init__((self.__doc__ or "").strip(), field="after")
