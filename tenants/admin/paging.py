"""Pages of lists that may be long: what a page costs does not grow with the list.

A list shows its newest ``MOST_ROWS`` rows, or those that come first in the chosen order; whoever looks for others
searches or filters. So counting ends there, and so does what PostgreSQL has to skip for a late page. Of the rows that
it skips it only reads the keys: the page's own rows are fetched by those.
"""

from __future__ import annotations

from typing import Any

from django.core.paginator import EmptyPage, Page, Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property
from unfold.paginator import InfinitePage

MOST_ROWS = 10_000
FEW_ROWS = 2_000


class BoundedPaginator(Paginator):
    """Counts no further than ``MOST_ROWS``."""

    object_list: QuerySet[Any]
    template_name = "console/pagination.html"
    shortened = ""
    """Why a search or a filter does not show all that it found: a sentence. The list adds what to do."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, or ``MOST_ROWS``."""
        return min(self._counted, MOST_ROWS)

    @property
    def is_cut(self) -> bool:
        """True when there are more rows than are shown."""
        return bool(self.shortened) or self._counted > MOST_ROWS

    def page(self, number: Any) -> Page[Any]:
        """The page's rows, in the list's order."""
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        keys = self._keys(first, min(first + self.per_page, MOST_ROWS))
        return Page(self.object_list.filter(pk__in=keys), number, self)

    def _keys(self, first: int, last: int) -> list[Any]:
        """Of few rows PostgreSQL is asked for all: told to stop after a page, it may look for them in the order of the
        list, row by row through the table, where the index of a search would find them at once."""
        keys = self.object_list.values_list("pk", flat=True)
        return list(keys)[first:last] if self._counted <= FEW_ROWS else list(keys[first:last])

    @cached_property
    def _counted(self) -> int:
        return self.object_list.order_by().values("pk")[: MOST_ROWS + 1].count()


class UncountedPaginator(BoundedPaginator):
    """Counts nothing: a page looks one row further than it shows, to know whether there is a next one."""

    template_name = "console/pagination_uncounted.html"
    is_uncounted = True
    has_more = False
    """True when there is a page behind the one that was asked for."""
    is_at_bound = False
    """True when there are rows behind it that are not shown."""

    @cached_property
    def count(self) -> int:
        """As if there were as many rows as can be shown."""
        return MOST_ROWS

    @property
    def is_cut(self) -> bool:
        """As far as it is known without counting."""
        return bool(self.shortened) or self.is_at_bound

    @property
    def _counted(self) -> int:  # type: ignore[override]
        return MOST_ROWS

    def validate_number(self, number: Any) -> int:
        """As Django's. Raises ``EmptyPage`` behind the last row that is shown."""
        number = super().validate_number(number)
        if (number - 1) * self.per_page >= MOST_ROWS:
            raise EmptyPage("There is no such page.")
        return number

    def page(self, number: Any) -> Page[Any]:
        """The page's rows, in the list's order."""
        number = self.validate_number(number)
        first, behind = (number - 1) * self.per_page, number * self.per_page
        keys = self._keys(first, behind + 1)
        is_full = len(keys) > self.per_page
        self.has_more, self.is_at_bound = is_full and behind < MOST_ROWS, is_full and behind >= MOST_ROWS
        return InfinitePage(self.object_list.filter(pk__in=keys[: self.per_page]), number, self)
