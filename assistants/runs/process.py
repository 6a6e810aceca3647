"""This process' name among those that run answers."""

from __future__ import annotations

import os
from functools import lru_cache
from uuid import UUID, uuid4


@lru_cache(maxsize=1)
def _name(pid: int) -> UUID:
    return uuid4()


def process_id() -> UUID:
    """A name that no other process has, and that no later one gets: a fork is another process."""
    return _name(os.getpid())
