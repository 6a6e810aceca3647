"""Each tenant's rules, kept in the process for as long as it hears of changes.

A trigger on the tables that decisions rest on notifies ``CHANNEL`` with the schema's name, whoever changes them: a
form, a bulk statement, SQL by hand (tenants/migrations). Signals tell the process that makes the change even before its
next line. A process that does not listen (a script, a shell, a worker), or has lost its connection, keeps nothing and
reads the rules each time; so does work inside a transaction, which must see what it has written and nobody else has.
``MAX_AGE`` bounds how long a process could be wrong whose connection went silent without ending.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models.signals import m2m_changed, post_delete, post_save

from tenants.actors import Actor
from tenants.context import current_tenant, require_tenant
from tenants.database import in_database
from tenants.rules.decide import Decision
from tenants.rules.rule_set import RuleSet
from tenants.sync_bridge import waiting_thread

CHANNEL = "atrium_rules"
MAX_AGE = 30.0  # seconds
MOST_TENANTS = 2000  # whose rules are kept at a time

Version = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was read, when, and what was known of changes when the reading began."""

    rules: RuleSet
    at: float
    version: Version


class RuleBook:
    """Tenant -> rules, for this process. ``read`` reads the current tenant's."""

    def __init__(self, read: Callable[[], RuleSet]) -> None:
        self._read = read
        self._kept: dict[str, _Kept] = {}
        self._changes: dict[str, int] = {}
        self._changes_of_all = 0
        self._listens = False

    def rules(self) -> RuleSet:
        """The current tenant's rules, as they are now. A query, unless they are kept. Raises ``NoTenant``."""
        kept = self.kept()
        return self._load() if kept is None else kept

    async def arules(self) -> RuleSet:
        """``rules`` from the event loop."""
        kept = self.kept()
        return await in_database(self._load) if kept is None else kept

    def kept(self) -> RuleSet | None:
        """The current tenant's rules, where they are known without a query."""
        schema = require_tenant().schema_name
        kept = self._kept.get(schema)
        if kept is None or kept.version != self._version(schema) or time.monotonic() - kept.at > MAX_AGE:
            return None
        return kept.rules if self._listens and not _in_transaction() else None

    def _load(self) -> RuleSet:
        schema = require_tenant().schema_name
        at, version = time.monotonic(), self._version(schema)
        rules = self._read()
        if self._listens and not _in_transaction():
            if len(self._kept) >= MOST_TENANTS:
                self._kept.clear()
            self._kept[schema] = _Kept(rules, at, version)
        return rules

    def forget(self, schema_name: str) -> None:
        """Something changed: read again at the next question, also what is being read right now."""
        self._changes[schema_name] = self._changes.get(schema_name, 0) + 1

    def forget_all(self) -> None:
        """Something may have changed for any tenant."""
        self._changes_of_all += 1

    def heard(self, payload: str) -> None:
        """A notification came: a schema's name, or "" where the listener has (re)connected and may have missed some."""
        if payload:
            self.forget(payload)
        else:
            self.forget_all()
            self._listens = True

    def deaf(self) -> None:
        """Nothing is heard from now on: keep nothing."""
        self._listens = False
        self.forget_all()

    def _version(self, schema: str) -> Version:
        return self._changes_of_all, self._changes.get(schema, 0)


def _in_transaction() -> bool:
    waiting = waiting_thread()
    return waiting.in_transaction if waiting is not None else bool(connection.in_atomic_block)


def _read() -> RuleSet:
    from tenants.rules.store import read_rules

    return read_rules()


rule_book = RuleBook(_read)


def decide_now(actor: Actor, action: str, assistant_id: str = "", resource: str = "") -> Decision:
    """May the actor do this, by the rules of the current tenant as they are now?"""
    return rule_book.rules().decide(actor, action, assistant_id, resource)


def connect_signals() -> None:
    """Forget a tenant's rules when this process changes them."""
    from django.contrib.auth.models import Group

    from tenants.models import AccessRule, User

    for model in (AccessRule, Group):
        for signal in (post_save, post_delete):
            signal.connect(_changed, sender=model, dispatch_uid=f"atrium-rules-{model.__name__}-{id(signal)}")
    m2m_changed.connect(_changed, sender=User.groups.through, dispatch_uid="atrium-rules-membership")


def changed_here() -> None:
    """The current tenant's rules were changed by a statement that sends no signal (``update``): read them again."""
    _changed()


def _changed(**_: Any) -> None:
    tenant = current_tenant()
    if tenant is not None:  # operators have groups, too, and no rules
        transaction.on_commit(partial(rule_book.forget, tenant.schema_name))
