"""What this layer tells those above it, which it must not import (``atrium/wiring.py`` connects them)."""

from __future__ import annotations

from django.dispatch import Signal

asking = Signal()
"""Somebody is about to ask, and may; nothing is stored yet. Sent with ``actor``, off the event loop. A receiver refuses
by raising an ``AtriumError``."""
