"""The consoles' first pages and the pages about usage: what they count, and for whom."""

from __future__ import annotations

import csv
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from langchain_core.messages import AIMessage, message_to_dict

from assistants.models import Message, Run, TenantFigures, Thread, UsageDay
from assistants.use_cases.tally import forget_tally, tally_tenants
from assistants.use_cases.tenants_usage import tenants_by_use
from rag.models import Collection, Document
from tenants.budgets import in_force
from tenants.context import public_context, tenant_context
from tenants.models import Budget, BudgetCounter, Tenant
from tests.consoles import PUBLIC_HOST
from tests.integration.atrium.test_consoles import assert_needs_nothing_inline


def make_runs(acme: Any) -> None:
    """Two days of use: three runs that went well and one that failed, a thumb, documents, and a budget of the day."""
    now = timezone.now()
    thread = Thread.objects.create(name="Anvils", created_by=acme.member, assistant_id="docs_assistant")
    facts = {"thread": thread, "assistant_id": "docs_assistant", "actor_kind": "member", "created_by": acme.member}
    for days, status in ((0, "completed"), (0, "failed"), (1, "completed"), (20, "completed")):
        run = Run.objects.create(**facts, status=status, tokens_in=1000, tokens_out=234, cost=Decimal("0.25"))
        Run.objects.filter(pk=run.pk).update(created_at=now - timedelta(days=days))
    Run.objects.filter(status="failed").update(error_code="model_unavailable")
    Message.objects.create(thread=thread, run=run, message=message_to_dict(AIMessage("Yes.")), thumb=-1)
    collection = Collection.objects.create(name="Handbooks")
    for title, status in (("Ready", "ready"), ("Broken", "failed"), ("Waiting", "queued")):
        Document.objects.create(collection=collection, title=title, status=status, size=1000, media_type="text/plain")


def make_budget(schema_name: str) -> None:
    row = Budget.objects.create(scope="tenant", period="day", tokens=100_000)
    now = timezone.now()
    with public_context():
        BudgetCounter.objects.create(
            schema_name=schema_name,
            budget=f"own:{row.pk}",
            starts_at=now - timedelta(hours=1),
            ends_at=now + timedelta(hours=1),
            tokens_limit=100_000,
            tokens_used=85_000,
        )
    in_force.forget()


@pytest.fixture
async def used(acme, in_acme) -> None:
    await in_acme(make_runs, acme)
    await in_acme(make_budget, acme.ref.schema_name)


async def test_an_owner_sees_use_failures_thumbs_documents_and_budgets(console, used):
    owners = await console("acme.localhost", "owner")
    page = await owners.open("?days=7")
    assert_needs_nothing_inline(page)
    assert "Runs a day, " in page.text
    assert ": 3 in all, most on" in page.text
    assert ": 3,702 in all" in page.text
    assert ": $0.7500 in all" in page.text
    for said in ("model_unavailable", "1 found bad", "Broken", "Waiting", "85,000 of 100,000 tokens", 'value="85"'):
        assert said in page.text, said
    longer = await owners.open("?days=30")
    assert ": 4 in all, most on" in longer.text
    assert (await owners.open("?days=no")).status_code == 200


async def test_an_editor_sees_what_was_asked_but_not_what_it_costs(console, used, staff):
    editors = await console("acme.localhost", "editor")
    page = await editors.open("?days=7")
    assert "Runs a day" in page.text
    assert "model_unavailable" in page.text
    for hidden in ("Tokens a day", "Cost a day", "$0.75", "85,000", "usage/"):
        assert hidden not in page.text, hidden
    assert (await editors.open("usage/")).status_code == 403


@pytest.mark.parametrize("by", ["day", "assistant", "member", "key", "model"])
async def test_usage_is_shown_and_downloaded_by(console, used, by):
    owners = await console("acme.localhost", "owner")
    page = await owners.open(f"usage/?by={by}")
    assert page.status_code == 200
    assert_needs_nothing_inline(page)
    assert "4,000" in page.text  # tokens in, together
    assert "85,000 of 100,000 tokens" in page.text
    file = await owners.open(f"usage/?by={by}&format=csv")
    assert file.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(file.text.splitlines()))
    assert sum(int(row["runs"]) for row in rows) == 4
    assert sum(int(row["failed"]) for row in rows) == 1


async def test_a_span_that_cannot_be_is_refused_in_words(console, acme):
    owners = await console(acme.host, "owner")
    page = await owners.open("usage/?from=2026-03-02&to=2026-03-01")
    assert "The first day is after the last one." in page.text
    assert (await owners.open("usage/?from=2026-02-31&to=x&by=y")).status_code == 200


# -- operators


@pytest.fixture
def counted(acme, globex):
    with tenant_context(acme.ref):
        make_runs(acme)
    assert tally_tenants() >= 2
    yield
    for tenant in (acme, globex):
        forget_tally(tenant.ref.schema_name)


async def test_operators_see_tenants_by_use_errors_and_storage_as_counted(console, counted, operator):
    operators = await console(PUBLIC_HOST, "operator")
    page = await operators.open("?days=7")
    assert_needs_nothing_inline(page)
    for said in (": 3 in all, most on", "1 of 3 runs failed", "Counted", "All schemas are up to date", "Jobs waiting"):
        assert said in page.text, said
    usage = await operators.open("usage/?order=-failed")
    assert_needs_nothing_inline(usage)
    assert usage.text.index(">Acme<") < usage.text.index(">Globex<")
    turned = await operators.open("usage/?order=failed")
    assert turned.text.index(">Globex<") < turned.text.index(">Acme<")
    month = timezone.now().strftime("%Y-%m")
    file = await operators.open(f"usage/?month={month}&format=csv")
    row = next(row for row in csv.DictReader(file.text.splitlines()) if row["schema_name"] == "acme")
    assert (row["documents"], row["documents_failed"], row["storage"], row["members"]) == ("3", "1", "3000", "3")
    for strange in ("?month=2026-13&order=nothing&p=900", "?month=1999-01&order=--name"):
        assert (await operators.open(f"usage/{strange}")).status_code == 200


def test_counting_again_changes_nothing_and_counts_what_is_new(acme, counted):
    def stored() -> list[Any]:
        rows = UsageDay.objects.filter(schema_name="acme").order_by("day")
        return list(rows.values_list("runs", "failed", "tokens", "cost"))

    first = stored()
    assert [runs for runs, *_ in first] == [1, 1, 2]
    tally_tenants()
    assert stored() == first
    with tenant_context(acme.ref):
        Run.objects.create(thread=Thread.objects.create(), assistant_id="x", actor_kind="member", status="failed")
    tally_tenants()
    assert stored()[-1][:2] == (3, 2)


def test_a_schema_that_lacks_a_migration_is_counted_as_behind(acme, counted):
    assert TenantFigures.objects.get(schema_name="acme").migrations_behind == 0
    with tenant_context(acme.ref), connection.cursor() as cursor:
        cursor.execute("UPDATE django_migrations SET name = 'later' WHERE app = 'rag' AND name = '0001_initial'")
    try:
        tally_tenants()
        assert TenantFigures.objects.get(schema_name="acme").migrations_behind == 1
    finally:
        with tenant_context(acme.ref), connection.cursor() as cursor:
            cursor.execute("UPDATE django_migrations SET name = '0001_initial' WHERE app = 'rag' AND name = 'later'")


def test_a_tenant_that_cannot_be_read_keeps_its_figures_and_the_others_are_counted(acme, counted):
    was = TenantFigures.objects.get(schema_name="acme").counted_at
    broken = Tenant.objects.create(schema_name="without_a_schema", name="Broken")
    try:
        tally_tenants()
    finally:
        Tenant._base_manager.filter(pk=broken.pk)._raw_delete("default")
    assert TenantFigures.objects.get(schema_name="acme").counted_at > was
    assert not TenantFigures.objects.filter(schema_name="without_a_schema").exists()


def test_the_operators_figures_take_one_query_however_many_tenants_there_are(acme, counted):
    today = timezone.now().date()
    with CaptureQueriesContext(connection) as queries:
        rows = tenants_by_use(today - timedelta(days=6), today, "runs")
    assert len(queries) == 1
    assert [(row.schema_name, row.runs, row.failed) for row in rows if row.runs] == [("acme", 3, 1)]
