"""The HTTP of collections and search: parse, call, return."""

from rag.api.router import router

__all__ = ["router"]
