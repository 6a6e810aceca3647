"""Filters over documents' metadata: a small JSON language, checked here and turned into SQL with parameters.

::

    {"team": "sales", "year": {"gte": 2020, "lt": 2025}, "draft": {"exists": false}}

All keys of an object must hold. A value alone means equality. Operators: ``eq``, ``ne``, ``in``, ``not_in``, ``gt``,
``gte``, ``lt``, ``lte``, ``exists``. ``{"all": [...]}``, ``{"any": [...]}`` and ``{"not": {...}}`` combine filters.
A key that holds a list matches where any of its values does. ``ne`` and ``not_in`` hold where the key is missing, too.
Numbers are compared with numbers and texts with texts, by their code points, which dates in ISO form are made for.

Nothing of a filter becomes SQL but our own words: keys and values are parameters.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from tenants.errors import InvalidInput

MOST_CONDITIONS = 50
MOST_VALUES = 100  # of one "in"
DEEPEST = 5
LONGEST_KEY = 200
LONGEST_VALUE = 1000
_LARGEST_NUMBER = 10**30

Sql = tuple[str, dict[str, Any]]


class InvalidFilter(InvalidInput):
    """The filter is not understood."""

    code = "invalid_filter"
    title = "The filter is not understood"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, field="filter")


def filter_sql(given: Mapping[str, Any], column: str = "document.metadata") -> Sql:
    """SQL over a JSONB ``column`` that is true where the filter holds, and its named parameters.

    An empty filter holds everywhere. Raises ``InvalidFilter``, whose message says what is wrong.
    """
    writer = _Writer(column)
    return writer.all_of(given, depth=1), writer.parameters


class _Writer:
    """Writes the conditions of one filter."""

    def __init__(self, column: str) -> None:
        self.parameters: dict[str, Any] = {}
        self._column = column
        self._conditions = 0
        self._operators: dict[str, Callable[[str, Any], str]] = {
            "eq": self._equal,
            "ne": lambda key, value: f"NOT {self._equal(key, value)}",
            "in": self._one_of,
            "not_in": lambda key, values: f"NOT {self._one_of(key, values)}",
            "exists": self._exists,
            **{name: self._range_writer(sign) for name, sign in _SIGNS.items()},
        }

    def all_of(self, given: Any, depth: int) -> str:
        """The conditions of one object."""
        if not isinstance(given, Mapping):
            raise InvalidFilter("A filter is an object: metadata's keys with what they must hold.")
        if depth > DEEPEST:
            raise InvalidFilter(f"A filter is at most {DEEPEST} deep.")
        parts = [self._part(key, value, depth) for key, value in given.items()]
        return f"({' AND '.join(parts)})" if parts else "TRUE"

    def _part(self, key: str, value: Any, depth: int) -> str:
        if key in ("all", "any") and isinstance(value, list):
            parts = [self.all_of(each, depth + 1) for each in value]
            joint, of_none = (" AND ", "TRUE") if key == "all" else (" OR ", "FALSE")
            return f"({joint.join(parts)})" if parts else of_none
        if key == "not" and isinstance(value, Mapping):
            return f"NOT {self.all_of(value, depth + 1)}"
        return self._key(_checked_key(key), value)

    def _key(self, key: str, value: Any) -> str:
        """What one key must hold: a value, or all of some operators."""
        if not isinstance(value, Mapping):
            value = {"in" if isinstance(value, list) else "eq": value}
        if not value:
            raise InvalidFilter(f"{key}: no operator is given. One of: {', '.join(self._operators)}.")
        return f"({' AND '.join(self._condition(key, name, each) for name, each in value.items())})"

    def _condition(self, key: str, operator: str, value: Any) -> str:
        self._conditions += 1
        if self._conditions > MOST_CONDITIONS:
            raise InvalidFilter(f"A filter has at most {MOST_CONDITIONS} conditions.")
        write = self._operators.get(operator)
        if write is None:
            raise InvalidFilter(f"{key}: there is no operator {operator}. One of: {', '.join(self._operators)}.")
        return write(key, value)

    # -- operators

    def _equal(self, key: str, value: Any) -> str:
        """By containment, which the index on metadata answers: as the value itself, or within a list."""
        value = _checked_value(key, value)
        alone, listed = self._put(_json({key: value})), self._put(_json({key: [value]}))
        return f"({self._column} @> {alone}::jsonb OR {self._column} @> {listed}::jsonb)"

    def _one_of(self, key: str, values: Any) -> str:
        if not isinstance(values, list) or len(values) > MOST_VALUES:
            raise InvalidFilter(f"{key}: a list of at most {MOST_VALUES} values is needed.")
        parts = [self._equal(key, each) for each in values]
        return f"({' OR '.join(parts)})" if parts else "FALSE"

    def _exists(self, key: str, value: Any) -> str:
        if not isinstance(value, bool):
            raise InvalidFilter(f"{key}: exists is true or false.")
        there = f"({self._column} -> {self._put(key)}) IS NOT NULL"
        return there if value else f"NOT {there}"

    def _range_writer(self, sign: str) -> Callable[[str, Any], str]:
        def write(key: str, value: Any) -> str:
            value = _checked_value(key, value)
            if isinstance(value, bool) or value is None:
                raise InvalidFilter(f"{key}: a range is over numbers or texts.")
            held = f"{self._column} -> {self._put(key)}"
            limit = f"{self._put(_json({'limit': value}))}::jsonb"
            return f"coalesce(jsonb_path_exists({held}, '$ ? (@ {sign} $limit)', {limit}, true), FALSE)"

        return write

    def _put(self, value: str) -> str:
        name = f"filter_{len(self.parameters)}"
        self.parameters[name] = value
        return f"%({name})s::text"


_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def _checked_key(key: Any) -> str:
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY or not _is_storable(key):
        raise InvalidFilter(f"A key of metadata has 1 to {LONGEST_KEY} characters.")
    return key


def _checked_value(key: str, value: Any) -> Any:
    if isinstance(value, str) and (len(value) > LONGEST_VALUE or not _is_storable(value)):
        raise InvalidFilter(f"{key}: a text has at most {LONGEST_VALUE} characters.")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidFilter(f"{key}: a number must be finite.")
    if isinstance(value, int) and abs(value) > _LARGEST_NUMBER:
        raise InvalidFilter(f"{key}: a number this large is no metadata.")
    if value is not None and not isinstance(value, str | int | float | bool):
        raise InvalidFilter(f"{key}: a value is a text, a number, true, false or null.")
    return value


def _is_storable(text: str) -> bool:
    """What JSONB can hold: no NUL, and no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
