"""What this layer tells those above it, which it must not import (``atrium/wiring.py`` connects them)."""

from __future__ import annotations

from django.dispatch import Signal

tenant_erased = Signal()
"""A tenant is being deleted: remove what a table of the public schema holds of it. Sent inside the transaction, with
``schema_name``."""

tenants_migrated = Signal()
"""A run of migrations over the tenants has ended. Sent with the names of schemas: ``current``, which lack nothing now,
and ``behind``, which failed or were not tried."""

password_changed = Signal()
"""Somebody has a new password in place of an older one. Sent by ``User.save``, in its transaction, with ``user``."""
