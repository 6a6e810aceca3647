"""Plans, prices, budgets and rate limits in the consoles."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from tenants.context import public_context
from tenants.database import in_database
from tenants.models import Budget, BudgetCounter, ModelPrice, Plan, PlatformBudget, RateLimit, Tenant
from tests.consoles import PUBLIC_HOST


async def for_operators(work):
    def run():
        with public_context():
            return work()

    return await in_database(run)


async def test_an_owner_sets_a_budget_and_sees_how_much_of_it_is_used(console, acme, in_acme):
    owners = await console(acme.host, "owner")
    sent = {"scope": "assistant", "assistant_id": "docs_assistant", "period": "month", "tokens": "50000"}
    answer = await owners.send("tenants/budget/add/", **sent, enabled="on", cost="", note="", member="")
    assert answer.status_code == 302
    budget = await in_acme(Budget.objects.get)
    assert (budget.scope, budget.assistant_id, budget.tokens) == ("assistant", "docs_assistant", 50_000)
    now = timezone.now()
    await for_operators(
        lambda: BudgetCounter.objects.create(
            schema_name="acme",
            budget=f"own:{budget.pk}",
            starts_at=now - timedelta(days=1),
            ends_at=now + timedelta(days=1),
            tokens_limit=50_000,
            tokens_used=42_500,
        )
    )
    page = (await owners.open("tenants/budget/")).text
    assert "50,000 tokens" in page
    assert "85 %" in page


async def test_a_budget_that_could_let_no_run_begin_is_refused_at_its_field(console, acme, in_acme):
    owners = await console(acme.host, "owner")
    empty = {"assistant_id": "", "cost": "", "note": "", "member": ""}
    few = await owners.send("tenants/budget/add/", scope="tenant", period="day", tokens="10", **empty)
    none = await owners.send("tenants/budget/add/", scope="tenant", period="day", tokens="", **empty)
    nobody = await owners.send("tenants/budget/add/", scope="member", period="day", tokens="50000", **empty)
    assert "20000" in few.text.replace(",", "")
    assert "Give a number of tokens" in none.text
    assert "Choose the member" in nobody.text
    assert await in_acme(Budget.objects.count) == 0


async def test_an_owner_sets_a_budget_for_a_site(console, acme, in_acme):
    owners = await console(acme.host, "owner")
    sent = {"period": "day", "tokens": "50000", "cost": "", "note": "", "member": "", "assistant_id": ""}
    nameless = await owners.send("tenants/budget/add/", scope="site", site_id="", **sent)
    assert "Name the site" in nameless.text
    for scope in ("site", "each_site"):  # what belongs to the other choice is dropped
        answer = await owners.send("tenants/budget/add/", scope=scope, site_id="shop", **sent)
        assert answer.status_code == 302
    rows = await in_acme(lambda: list(Budget.objects.order_by("pk").values_list("scope", "site_id")))
    assert rows == [("site", "shop"), ("each_site", "")]
    assert "Site shop" in (await owners.open("tenants/budget/")).text


async def test_an_owner_limits_requests(console, acme, in_acme):
    owners = await console(acme.host, "owner")
    sent = await owners.send("tenants/ratelimit/add/", scope="key", requests_a_minute="60", enabled="on")
    assert sent.status_code == 302
    assert (await in_acme(RateLimit.objects.get)).requests_a_minute == 60
    assert "60" in (await owners.open("tenants/ratelimit/")).text


async def test_a_tenants_people_see_no_plans_and_an_editor_no_budgets(console, acme, staff):
    owners, editors = await console(acme.host, "owner"), await console(acme.host, "editor")
    for path in ("tenants/plan/", "tenants/platformbudget/", "tenants/modelprice/"):
        assert (await owners.open(path)).status_code == 404
    assert (await editors.open("tenants/budget/")).status_code == 403


async def test_an_operator_makes_a_plan_and_gives_it_to_a_tenant(console, acme, operator):
    operators = await console(PUBLIC_HOST, "operator")
    limits = {"members": "5", "documents": "", "storage_mb": "100", "tokens_a_month": "", "cost_a_month": "20.50"}
    lists = {"assistant_ids": "docs_assistant\r\n\r\ndocs_assistant\r\nother", "model_names": ""}
    sent = await operators.send("tenants/plan/add/", name="Small", requests_a_minute="", **limits, **lists)
    assert sent.status_code == 302, sent.text
    plan = await for_operators(lambda: Plan.objects.get(name="Small"))
    assert (plan.members, plan.documents, plan.cost_a_month) == (5, None, Decimal("20.50"))
    assert plan.assistant_ids == ["docs_assistant", "other"]
    hosts = {"domains-TOTAL_FORMS": "1", "domains-INITIAL_FORMS": "1", "domains-0-domain": acme.host}
    sent = await operators.send(
        f"tenants/tenant/{acme.ref.id}/change/",
        **{"name": "Acme", "plan": str(plan.pk), **hosts, "domains-0-is_primary": "on"},
    )
    assert sent.status_code == 302, sent.text
    assert (await for_operators(lambda: Tenant.objects.get(pk=acme.ref.id))).plan_id == plan.pk


async def test_there_is_always_one_default_plan(console, operator):
    operators = await console(PUBLIC_HOST, "operator")
    nothing = dict.fromkeys(
        (
            *("members", "documents", "storage_mb", "tokens_a_month", "cost_a_month", "requests_a_minute"),
            *("assistant_ids", "model_names"),
        ),
        "",
    )
    first = await for_operators(Plan.objects.get)
    refused = await operators.send(f"tenants/plan/{first.pk}/change/", name="Standard", **nothing)
    assert "Make another plan the default one" in refused.text
    sent = await operators.send("tenants/plan/add/", name="New", is_default="on", **nothing)
    assert sent.status_code == 302
    assert await for_operators(lambda: list(Plan.objects.filter(is_default=True).values_list("name"))) == [("New",)]


async def test_an_operator_sets_prices_and_budgets(console, acme, operator):
    operators = await console(PUBLIC_HOST, "operator")
    sent = await operators.send("tenants/modelprice/add/", model="m*", tokens_in="0.15", tokens_out="0.6", cached_in="")
    assert sent.status_code == 302
    assert (await for_operators(ModelPrice.objects.get)).tokens_in == Decimal("0.15")
    terms = {"period": "month", "tokens": "", "cost": "100", "parts": "1", "enabled": "on", "note": ""}
    for tenant in ("", str(acme.ref.id)):
        assert (await operators.send("tenants/platformbudget/add/", tenant=tenant, **terms)).status_code == 302
    names = {str(row) for row in await for_operators(lambda: list(PlatformBudget.objects.select_related("tenant")))}
    assert names == {"Month budget of all tenants together", "Month budget of Acme"}
    assert (await operators.open("tenants/platformbudget/")).status_code == 200
