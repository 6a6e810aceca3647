"""Letters at 80 and 100 per cent of a budget: to those whose it is, once a period, and with the count or not at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction

from tenants.budgets.lines import BudgetInForce, Level, RunFacts, lines_for
from tenants.budgets.store import Reservation, settle
from tenants.budgets.warnings import write_warning
from tenants.context import public_context, tenant_context
from tenants.models import Budget, BudgetCounter, PlatformBudget, User

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def use(budget: BudgetInForce, user_id: int, *amounts: int) -> None:
    for amount in amounts:
        run = RunFacts(str(uuid4()), "docs", user_id=user_id)
        held = Reservation(run.run_id, lines_for([budget], run, "acme", NOW), amount, Decimal(0))
        with connection.cursor() as cursor:
            cursor.execute(*held.as_sql())
        settle(run.run_id, amount, None)


def queued() -> list[dict[str, int]]:
    with public_context(), connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'tenants.warn_of_budget' ORDER BY id")
        return [json.loads(args) for (args,) in cursor.fetchall()]


def budget_of(acme, level: Level, **scope: object) -> BudgetInForce:
    row = Budget.objects.create(scope=level, tokens=100_000, **scope)
    return BudgetInForce(level, f"own:{row.pk}", "month", 100_000)


def test_owners_are_told_at_80_and_at_100_per_cent_and_once(acme):
    with tenant_context(acme.ref):
        budget = budget_of(acme, "tenant")
        use(budget, 1, 79_000)
        assert queued() == []
        use(budget, 1, 2_000, 3_000, 4_000)
        assert [job["per_cent"] for job in queued()] == [80]
        use(budget, 1, 12_000)
        assert [job["per_cent"] for job in queued()] == [80, 100]
    for job in queued():
        write_warning(**job)
    assert [letter.to for letter in mail.outbox] == [["owner@example.com"]] * 2
    assert mail.outbox[0].subject == "Acme: 80 % of a budget is used"
    assert "100,000 of 100,000 tokens" in mail.outbox[1].body
    assert "2026-12-01 00:00 UTC" in mail.outbox[1].body


def test_a_refusal_says_it_too_although_some_is_left(acme):
    with tenant_context(acme.ref):
        budget = budget_of(acme, "tenant")
        use(budget, 1, 70_000)
        for _ in range(2):
            run = RunFacts(str(uuid4()), "docs")
            wanted = Reservation(run.run_id, lines_for([budget], run, "acme", NOW), 40_000, Decimal(0))
            with pytest.raises(DatabaseError) as refused, connection.cursor() as cursor:
                cursor.execute(*wanted.as_sql())
            assert wanted.exhausted_by(refused.value)
        assert [job["per_cent"] for job in queued()] == [100]


def test_what_is_not_counted_is_not_told(acme):
    with tenant_context(acme.ref):
        budget = budget_of(acme, "tenant")
        with transaction.atomic():
            use(budget, 1, 90_000)
            transaction.set_rollback(True)
        assert queued() == []


def test_a_member_is_told_of_its_own(acme):
    with tenant_context(acme.ref):
        use(budget_of(acme, "each_member"), acme.member.pk, 85_000)
    write_warning(**queued()[0])
    assert [letter.to for letter in mail.outbox] == [["member@example.com"]]


def test_operators_are_told_of_what_all_tenants_share(acme):
    with public_context():
        User.objects.create_superuser("operator", "operator@example.com", "x")
        row = PlatformBudget.objects.create(tokens=100_000)
    with tenant_context(acme.ref):
        use(BudgetInForce("platform", f"platform:{row.pk}", "month", 100_000), 1, 85_000)
    try:
        write_warning(**queued()[0])
    finally:
        with public_context(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM tenants_user")
    assert [letter.to for letter in mail.outbox] == [["operator@example.com"]]
    assert "month budget of all tenants together" in mail.outbox[0].body.lower()


def test_a_budget_that_is_gone_is_not_written_about(acme):
    with tenant_context(acme.ref):
        use(budget_of(acme, "tenant"), 1, 85_000)
        Budget.objects.all().delete()
    write_warning(**queued()[0])
    with public_context():
        BudgetCounter.objects.all().delete()
    write_warning(**queued()[0])
    assert mail.outbox == []
