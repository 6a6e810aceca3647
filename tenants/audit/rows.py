"""Rows that are stored, changed and deleted together with their entry in the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import Model

from tenants.actors import Actor
from tenants.audit.recording import kind_of, record
from tenants.audit.snapshot import snapshot


@contextmanager
def recorded(row: Model, action: str, *, by: Actor | None = None) -> Iterator[None]:
    """Record, as ``action``, what the block changes in ``row`` and stores. Block and entry are one transaction."""
    with transaction.atomic():
        before = snapshot(row)
        yield
        record(action, row, before=before, after=snapshot(row), by=by)


def save_recorded(row: Model, *, by: Actor | None = None) -> None:
    """Store a row, new or changed, and record it. A change of nothing that the log shows is not recorded."""
    with transaction.atomic():
        stored = type(row)._base_manager.select_for_update().filter(pk=row.pk).first() if row.pk else None
        before = snapshot(stored) if stored is not None else {}
        row.save()
        row.refresh_from_db()  # as it is stored: a number that was typed as text, say
        after = snapshot(row)
        if stored is None or before != after:
            action = f"{kind_of(type(row))}.{'added' if stored is None else 'changed'}"
            record(action, row, before=before, after=after, by=by)


def delete_recorded(row: Model, *, by: Actor | None = None) -> None:
    """Delete a row, and record what it was."""
    with transaction.atomic():
        record(f"{kind_of(type(row))}.deleted", row, before=snapshot(row), by=by)
        row.delete()
