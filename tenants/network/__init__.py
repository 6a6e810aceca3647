"""Addresses that a tenant gives are reached through here, and only when they are public.

``fetch`` and ``afetch`` read a web page or a document; ``guarded_async_client`` and ``guarded_client`` are for those
who speak HTTP themselves, such as the SDK of a model provider. See docs/why/network-guard.md.
"""

from tenants.network.clients import guarded_async_client, guarded_client, read_directly
from tenants.network.errors import (
    AddressRefused,
    FetchFailed,
    UrlAnsweredWithError,
    UrlInvalid,
    UrlTooLarge,
    UrlTooSlow,
    UrlUnreachable,
    UrlWrongType,
)
from tenants.network.fetch import Fetched, FetchLimits, afetch, fetch
from tenants.network.guard import Guard, default_guard

__all__ = [
    "AddressRefused",
    "FetchFailed",
    "FetchLimits",
    "Fetched",
    "Guard",
    "UrlAnsweredWithError",
    "UrlInvalid",
    "UrlTooLarge",
    "UrlTooSlow",
    "UrlUnreachable",
    "UrlWrongType",
    "afetch",
    "default_guard",
    "fetch",
    "guarded_async_client",
    "guarded_client",
    "read_directly",
]
