"""Searching a list by the beginnings of words, with an index.

``LIKE '%word%'`` reads every row, and the extension that would index it (pg_trgm) is not in the PostgreSQL that Atrium
brings along. So a model that has many rows has a GIN index over the words of its columns (``word_index``), and its list
asks that index (``with_words``). The expression must be the same in both: it is made here.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import F, Func, QuerySet, TextField, Value

_CONFIG = "simple"  # words as they are: names are no language
_APART = "/._-@:"  # else a path or an address would be one word


def word_index(*fields: str, name: str) -> GinIndex:
    """The index over the words of ``fields``, for a model's ``Meta.indexes``."""
    return GinIndex(_vector(fields), name=name)


def with_words(rows: QuerySet[Any], fields: tuple[str, ...], asked: str) -> QuerySet[Any]:
    """The rows in which each word of ``asked`` begins a word of one of the ``fields``; none where nothing of ``asked``
    is a word."""
    words = _words(asked)
    if not words:
        return rows.none()
    query = SearchQuery(" & ".join(f"'{word}':*" for word in words), search_type="raw", config=_CONFIG)
    return rows.alias(words_of_it=_vector(fields)).filter(words_of_it=query)


def _words(asked: str) -> list[str]:
    """Without what has a meaning in PostgreSQL's query language."""
    plain = "".join(" " if char in _APART or not char.isalnum() else char for char in asked)
    return plain.split()


def _vector(fields: tuple[str, ...]) -> SearchVector:
    return SearchVector(*map(_words_apart, fields), config=_CONFIG)


def _words_apart(field: str) -> Func:
    apart, spaces = Value(_APART), Value(" " * len(_APART))
    return Func(F(field), apart, spaces, function="TRANSLATE", output_field=TextField())
