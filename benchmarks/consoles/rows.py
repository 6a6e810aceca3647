"""Many rows from one: the row is made by the product, its copies by PostgreSQL."""

from __future__ import annotations

from django.db import connection, models

_COUNTING = ("AutoField", "BigAutoField")  # types of keys that PostgreSQL gives


def key(number: str) -> str:
    """The SQL of a UUID of version 7, which grows with a number."""
    return f"('01900000-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


def multiply(row: models.Model, count: int, **columns: str) -> None:
    """So many copies of a stored row. ``columns`` are SQL expressions over ``n``, 1 to ``count``, for what differs.

    A key that counts up counts up; any other key must be among ``columns``.
    """
    own = [field for field in row._meta.concrete_fields if field.get_internal_type() not in _COUNTING]
    names = [field.column for field in own]
    chosen = [columns.get(name, f'its."{name}"') for name in names]
    table, key = row._meta.db_table, row._meta.pk
    assert key is not None
    into, values = ", ".join(f'"{name}"' for name in names), ", ".join(chosen).replace("%", "%%")
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" ({into}) SELECT {values} FROM "{table}" its, generate_series(1, {count:d}) n'
            f' WHERE its."{key.column}" = %s',
            [row.pk],
        )


def analyze() -> None:
    """What PostgreSQL does by itself within minutes of such a load."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
