"""The console pages about a tenant's knowledge. They are registered on the site above (atrium/consoles.py)."""

from rag.admin.collections import CollectionAdmin
from rag.admin.documents import DocumentAdmin

__all__ = ["CollectionAdmin", "DocumentAdmin"]
