"""What the running context reads, and work on threads of its own."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connection

from assistants.models import Thread

T = TypeVar("T")


def seen() -> list[str]:
    """Whose rows the running context reads: the tests name threads after their tenant."""
    return list(Thread.objects.values_list("name", flat=True))


def search_path() -> str:
    """The path as PostgreSQL has it."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        return cursor.fetchone()[0]


def in_a_new_thread(work: Callable[[], T]) -> T:
    """What ``work`` returns on a thread of its own, in a copy of the running context."""
    results: list[T] = []
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(lambda: results.append(work()),))
    thread.start()
    thread.join()
    return results[0]
