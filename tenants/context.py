"""Which tenant the running work is for.

The tenant is kept in a ``ContextVar`` and nowhere else: it follows asyncio tasks, ``asyncio.to_thread``, asgiref's
``sync_to_async`` and LangChain's executors, where a value on a thread's connection would not. The database backend
(``tenants/db_backend``) reads it at every cursor.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from tenants.errors import NoTenant

PUBLIC_SCHEMA = "public"


@dataclass(frozen=True, slots=True)
class TenantRef:
    """What running work knows of its tenant, without a query.

    ``schema_name`` is the PostgreSQL schema; ``suspended`` is the state when the host map was read.
    """

    id: int | None
    schema_name: str
    name: str = ""
    suspended: bool = False
    domain_url: str | None = field(default=None, compare=False)

    @property
    def is_public(self) -> bool:
        """True for the operators' schema, which no tenant's data lives in."""
        return self.schema_name == PUBLIC_SCHEMA

    def get_tenant_type(self) -> None:
        """django-tenants asks this of whatever stands for a tenant; Atrium has one type."""
        return None


PUBLIC = TenantRef(id=None, schema_name=PUBLIC_SCHEMA, name="public")

_owner_rights: ContextVar[bool] = ContextVar("atrium_owner_rights", default=False)
_current: ContextVar[TenantRef] = ContextVar("atrium_tenant", default=PUBLIC)


def active_schema() -> TenantRef:
    """The tenant in force, or ``PUBLIC``: what the database backend applies."""
    return _current.get()


def current_tenant() -> TenantRef | None:
    """The tenant that this work is for, or None outside of any tenant."""
    tenant = _current.get()
    return None if tenant.is_public else tenant


def require_tenant() -> TenantRef:
    """The tenant that this work is for. Raises ``NoTenant`` outside of any tenant."""
    tenant = current_tenant()
    if tenant is None:
        raise NoTenant
    return tenant


def activate(tenant: TenantRef) -> None:
    """Enter ``tenant`` for the rest of this context. For the backend's django-tenants face; else ``tenant_context``."""
    _current.set(tenant)


@contextmanager
def tenant_context(tenant: TenantRef) -> Iterator[TenantRef]:
    """Work for ``tenant`` inside the block. Evaluate querysets inside it: a lazy one reads whoever is next."""
    token = _current.set(tenant)
    try:
        yield tenant
    finally:
        _current.reset(token)


@contextmanager
def public_context() -> Iterator[None]:
    """Work on the operators' schema inside the block."""
    with tenant_context(PUBLIC):
        yield


def has_owner_rights() -> bool:
    """True inside ``owner_rights``."""
    return _owner_rights.get()


@contextmanager
def owner_rights() -> Iterator[None]:
    """Work with the rights of the database's owner inside the block, also in a tenant's context: to make tables and to
    migrate them. Nothing that answers a request needs it."""
    token = _owner_rights.set(True)
    try:
        yield
    finally:
        _owner_rights.reset(token)
