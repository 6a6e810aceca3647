"""Where a lower layer's signal meets a higher layer's ear. Nothing needs it yet: imports run one way on their own."""

from __future__ import annotations


def connect() -> None:
    """Connect signals. Called once, when all apps are ready."""
