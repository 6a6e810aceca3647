"""The plan, budgets, rate limits and prices that hold for the current tenant: read seldom, asked at every run.

A process keeps them for each tenant. It forgets them when somebody says that they have changed: a signal in this
process, a trigger's NOTIFY (tenants/migrations) in the others. In a process that does not listen (a worker, a script)
they are good for ``MAX_AGE``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.signals import post_delete, post_save

from tenants.budgets.lines import BudgetInForce, Level
from tenants.context import current_tenant, public_context, require_tenant
from tenants.notifications import Keeps

CHANNEL = "atrium_terms"
MAX_AGE = 30.0  # seconds
MOST_TENANTS = 2000  # for which terms are kept at a time
MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PlanInForce:
    """A plan's limits; None: no limit. Empty sets stand for all."""

    name: str = ""
    members: int | None = None
    documents: int | None = None
    storage: int | None = None
    """In bytes."""
    requests_a_minute: int | None = None
    assistants: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """US dollars for a million tokens."""

    tokens_in: Decimal
    tokens_out: Decimal
    cached_in: Decimal


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a tenant."""

    plan: PlanInForce = PlanInForce()
    budgets: Sequence[BudgetInForce] = ()
    rates: Mapping[str, int] = field(default_factory=dict)
    """Requests a minute, by ``RateLimit.Scope``."""


class TermsBook(Keeps):
    """Tenant -> terms, for this process."""

    def __init__(self) -> None:
        super().__init__()
        self.prices: Mapping[str, TokenPrice] = {}
        self._kept: dict[str, tuple[float, Terms]] = {}
        self._version = 0

    def terms(self) -> Terms:
        """What holds for the current tenant. Queries, unless it is kept. Raises ``NoTenant``."""
        schema_name = require_tenant().schema_name
        found = self._kept.get(schema_name)
        if found is not None and (self._hears or time.monotonic() - found[0] < MAX_AGE):
            return found[1]
        version, at = self._version, time.monotonic()
        read, self.prices = _read(schema_name)
        if version == self._version:  # else it changed while it was read
            if len(self._kept) >= MOST_TENANTS:
                self._kept.clear()
            self._kept[schema_name] = (at, read)
        return read

    def forget(self, schema_name: str = "") -> None:
        """Something changed for a tenant, or ("") for any: read again at the next run. Prices stay until then."""
        self._version += 1
        if schema_name:
            self._kept.pop(schema_name, None)
        else:
            self._kept.clear()


terms_book = TermsBook()


def terms() -> Terms:
    """What holds for the current tenant. Queries, unless it is kept. Raises ``NoTenant``."""
    return terms_book.terms()


def operators_prices() -> Mapping[str, TokenPrice]:
    """The operators' prices by model, or by its beginning with a ``*`` behind, as they were last read. No query."""
    return terms_book.prices


def forget() -> None:
    """Something changed: read again at the next run. What is known of prices stays until then."""
    terms_book.forget()


def connect_signals() -> None:
    """Forget what this process knows when it changes a plan, a budget or a price."""
    from tenants.models import Budget, ModelPrice, Plan, PlatformBudget, RateLimit, Tenant

    for model in (Budget, ModelPrice, Plan, PlatformBudget, RateLimit, Tenant):
        for signal in (post_save, post_delete):
            signal.connect(_changed, sender=model, dispatch_uid=f"atrium-terms-{model.__name__}-{id(signal)}")
    post_delete.connect(_forget_counters, sender=Tenant, dispatch_uid="atrium-budget-counters")


def _changed(**_: Any) -> None:
    transaction.on_commit(forget)


def _forget_counters(instance: Any, **_: Any) -> None:
    """A tenant that is gone leaves nothing to a later one with its schema's name."""
    from tenants.models import BudgetCounter, BudgetReservation

    with public_context():
        BudgetReservation.objects.filter(schema_name=instance.schema_name).delete()
        BudgetCounter.objects.filter(schema_name=instance.schema_name).delete()


def _read(schema_name: str) -> tuple[Terms, Mapping[str, TokenPrice]]:
    own, rates = list(_budgets_of_tenant()), _rates_of_tenant()
    with public_context():
        plan = _plan_of(schema_name)
        theirs = list(_budgets_of_operators(schema_name))
        prices = _prices()
    if plan is None:
        return Terms(budgets=[*own, *theirs], rates=rates), prices
    return Terms(_in_force(plan), [*own, *_budget_of_plan(plan), *theirs], rates), prices


def _plan_of(schema_name: str) -> Any:
    from tenants.models import Plan, Tenant

    of_tenant = Tenant.objects.filter(schema_name=schema_name).values("plan")
    named = Plan.objects.filter(Q(pk__in=of_tenant) | Q(is_default=True))
    return named.order_by("is_default").first()  # its own one first; its own may be the default


def _in_force(plan: Any) -> PlanInForce:
    return PlanInForce(
        name=plan.name,
        members=plan.members,
        documents=plan.documents,
        storage=None if plan.storage_mb is None else plan.storage_mb * MB,
        requests_a_minute=plan.requests_a_minute,
        assistants=frozenset(plan.assistant_ids),
        models=frozenset(plan.model_names),
    )


def _budget_of_plan(plan: Any) -> Iterator[BudgetInForce]:
    if plan.tokens_a_month is not None or plan.cost_a_month is not None:
        yield BudgetInForce("plan", "plan", "month", plan.tokens_a_month, plan.cost_a_month)


def _budgets_of_tenant() -> Iterator[BudgetInForce]:
    from tenants.models import Budget

    assert current_tenant() is not None
    for row in Budget.objects.filter(enabled=True):
        level: Level = row.scope  # type: ignore[assignment]  # the scopes are levels' names
        whose = (row.assistant_id, row.member_id, row.site_id)
        yield BudgetInForce(level, f"own:{row.pk}", row.period, row.tokens, row.cost, *whose)


def _rates_of_tenant() -> Mapping[str, int]:
    from tenants.models import RateLimit

    return dict(RateLimit.objects.filter(enabled=True).values_list("scope", "requests_a_minute"))


def _budgets_of_operators(schema_name: str) -> Iterator[BudgetInForce]:
    from tenants.models import PlatformBudget

    rows = PlatformBudget.objects.filter(Q(tenant=None) | Q(tenant__schema_name=schema_name), enabled=True)
    for row in rows:
        level: Level = "platform" if row.tenant_id is None else "operator"
        yield BudgetInForce(level, f"{level}:{row.pk}", row.period, row.tokens, row.cost, parts=row.parts)


def _prices() -> Mapping[str, TokenPrice]:
    from tenants.models import ModelPrice

    return {
        row.model: TokenPrice(row.tokens_in, row.tokens_out, row.tokens_in if row.cached_in is None else row.cached_in)
        for row in ModelPrice.objects.all()
    }
