"""django-tenants' PostgreSQL backend with the tenant in a ``ContextVar`` instead of on the connection.

Stock django-tenants remembers the tenant on a thread's connection. Work that moves to another thread (LangGraph's
tools, an executor) then runs on ``public``, and asyncio tasks that share a thread read each other's rows. Here every
cursor asks ``tenants.context`` who it is for, and the search path is set again whenever the connection at hand was
last used for somebody else. The session's role is set with it, so that it cannot read another tenant's schema
(``place.py``). Where a connection stands is noted on the connection itself; only what no rollback can undo is noted.

Also new: the pool knows of tenants (``pool.py``), and a connection finds its way back to it when its thread ends.
LangGraph starts threads of its own for synchronous graphs; without this, each of them would strand a connection.
"""

from __future__ import annotations

import select
import threading
from typing import Any

from django.conf import settings
from django.db.backends.base.base import NO_DB_ALIAS
from django.utils.asyncio import async_unsafe
from django_tenants.postgresql_backend import base as django_tenants_backend
from psycopg.pq import TransactionStatus

from tenants import context
from tenants.context import TenantRef
from tenants.db_backend.place import NOTED_PLACE, Place, leave, place_of
from tenants.db_backend.pool import TenantPool


class _ThreadGuard:
    """Lives in a thread's locals: dropped with them when the thread ends, it gives the connection back."""

    def __init__(self, wrapper: DatabaseWrapper) -> None:
        self._wrapper = wrapper  # the wrapper does not point back: no cycle, so this goes when the thread goes

    def __del__(self) -> None:
        self._wrapper.give_back()


_guards = threading.local()


class DatabaseWrapper(django_tenants_backend.DatabaseWrapper):
    """One thread's handle on the database, on whichever tenant the running context says."""

    include_public_schema = True
    connection: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._applied: Place | None = None
        self._constructing = True  # the parent's constructor enters `public`: it must not clobber the context
        super().__init__(*args, **kwargs)
        self._constructing = False

    # -- the django-tenants face: what its commands and its users expect, answered from the context

    @property
    def tenant(self) -> TenantRef:
        """The tenant in force for the running context."""
        return context.active_schema()

    @tenant.setter
    def tenant(self, tenant: Any) -> None:
        if self._constructing or tenant is None:
            return
        context.activate(_as_ref(tenant))

    @property
    def schema_name(self) -> str:
        """The schema in force for the running context."""
        return context.active_schema().schema_name

    @schema_name.setter
    def schema_name(self, name: str | None) -> None:
        """Follows ``tenant``; the parent class assigns both."""

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """Enter ``tenant`` for the rest of the running context.

        ``include_public`` is accepted for django-tenants' commands and makes no difference: extensions live in
        ``public``, and what a schema holds is introspected per schema.
        """
        self.tenant = tenant

    def set_settings_schema(self, schema_name: str) -> None:
        """Nothing: ``settings_dict`` is shared by all threads and must not be written."""

    # -- the connection

    @property
    def pool(self) -> Any:
        """The process's pool for this alias, or None. Django's own property can only make psycopg's."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            parameters = {**self.get_connection_params(), "autocommit": True}  # Django turns it off where it wants
            pool = TenantPool(kwargs=parameters, open=False, configure=self._configure_connection, **options)
            self._connection_pools.setdefault(self.alias, pool)  # two threads may come here: the first one's it is
        return self._connection_pools[self.alias]

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection from the pool, past those that the server has ended: a restart of it ends them all."""
        connection = super().get_new_connection(conn_params)
        if self.pool is not None:
            for _ in range(self.pool.max_size):
                if not _was_ended(connection):
                    break
                connection.close()
                self.pool.putconn(connection)
                connection = super().get_new_connection(conn_params)
        return connection

    @async_unsafe
    def connect(self) -> None:
        """Take a connection. It may be known where it was left; a new one is nowhere."""
        self._applied = None
        super().connect()
        self._applied = getattr(self.connection, NOTED_PLACE, None)
        if self.alias not in _guards.__dict__:
            _guards.__dict__[self.alias] = _ThreadGuard(self)

    def close(self) -> None:
        """Give the connection back to the pool, or close it."""
        if self.connection is not None and not self.in_atomic_block:
            self._leave(self.connection)
        self._applied = None
        super().close()

    # -- the search path and the role

    @async_unsafe
    def rollback(self) -> None:
        """Roll back; a SET inside the transaction is undone with it."""
        self._forget_place()
        super().rollback()

    @async_unsafe
    def savepoint_rollback(self, sid: str) -> None:
        """Roll back to a savepoint; a SET made after it is undone, too."""
        # The statement needs no path, and after an error nothing else may come before it: not a SET either.
        self._applied = self._wanted_place()
        try:
            super().savepoint_rollback(sid)
        finally:
            self._forget_place()

    def _cursor(self, name: str | None = None) -> Any:
        # Past the parent: it decides from state on the connection, which is the mistake that this class mends.
        cursor = super(django_tenants_backend.DatabaseWrapper, self)._cursor(name=name)  # type: ignore[misc]
        wanted = self._wanted_place()
        if self._applied != wanted:
            self._enter(wanted, cursor if name is None else None)
        return cursor

    def _wanted_place(self) -> Place:
        walled = settings.ATRIUM_TENANT_ROLES and not context.has_owner_rights()
        return place_of(self.settings_dict["NAME"], self.schema_name, walled)

    def _enter(self, place: Place, cursor: Any | None) -> None:
        """Bring the session to ``place``: ``public`` is behind its schema, for extensions and the job queue."""
        self._forget_place()  # until the statement has succeeded
        if cursor is not None:
            cursor.execute(place.statement)
        else:  # a named cursor runs one statement only
            with self.connection.cursor() as plain:
                plain.execute(place.statement)
        self._applied = place
        if self.connection.info.transaction_status == TransactionStatus.IDLE:  # else the transaction may take it back
            setattr(self.connection, NOTED_PLACE, place)

    def _leave(self, connection: Any) -> None:
        if settings.ATRIUM_TENANT_ROLES:  # else a tenant's next checkout of it saves a statement
            leave(connection)

    def _forget_place(self) -> None:
        """Nothing is known any more about where the connection stands: the next cursor sets it."""
        self._applied = None
        if self.connection is not None:
            setattr(self.connection, NOTED_PLACE, None)

    def give_back(self) -> None:
        """Return the connection when its thread has ended: there is no transaction left to ask about."""
        connection, self.connection = self.connection, None
        if connection is None:
            return
        self._leave(connection)
        pool = getattr(connection, "_pool", None)
        if pool is not None:
            pool.putconn(connection)
        else:
            connection.close()


def _was_ended(connection: Any) -> bool:
    """True when there is something to read: unasked, a server says nothing to an idle connection but good-bye.

    Costs a system call, where the pool's own check costs a round trip.
    """
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


def _as_ref(tenant: Any) -> TenantRef:
    """A ``TenantRef`` for a Tenant row, a ref or django-tenants' own stand-in."""
    if isinstance(tenant, TenantRef):
        return tenant
    as_ref = getattr(tenant, "as_ref", None)
    return as_ref() if as_ref else TenantRef(id=None, schema_name=tenant.schema_name)
