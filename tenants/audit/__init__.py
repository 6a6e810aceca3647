"""The audit log. ``record`` is the one way into it; ``recorded`` and its neighbours call it for rows.

An act and its entry are one transaction: neither is ever there without the other.
"""

from tenants.audit.recording import Target, record
from tenants.audit.rows import delete_recorded, recorded, save_recorded
from tenants.audit.snapshot import snapshot

__all__ = ["Target", "delete_recorded", "record", "recorded", "save_recorded", "snapshot"]
