"""Django caches content types for the whole process; with a schema per tenant their ids may differ by schema.

A schema that was migrated step by step can number its content types otherwise than one made at once. The cache is
therefore kept per schema. (django-tenants empties it at every switch instead, which costs a query a request.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, MutableMapping
from typing import Any

from django.contrib.contenttypes.models import ContentType

from tenants.context import active_schema


class _CachePerSchema(MutableMapping[str, Any]):
    """The shape of ``ContentTypeManager._cache`` ({database: {key: content type}}) for the schema in force."""

    def __init__(self) -> None:
        self._by_schema: dict[str, dict[str, Any]] = defaultdict(dict)

    @property
    def _now(self) -> dict[str, Any]:
        return self._by_schema[active_schema().schema_name]

    def __getitem__(self, key: str) -> Any:
        return self._now[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._now[key] = value

    def __delitem__(self, key: str) -> None:
        del self._now[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now)

    def __len__(self) -> int:
        return len(self._now)


def cache_content_types_per_schema() -> None:
    """Replace the process-wide cache. Called once, when the app is ready."""
    ContentType.objects._cache = _CachePerSchema()  # type: ignore[attr-defined]  # the stubs leave it out
