"""What a tenant has used: for its administrators, as JSON and as a table."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from assistants.models import Run, Thread
from tenants.keys import create_api_key
from tenants.scopes import ADMIN_SCOPE

DAYS = (
    datetime(2026, 3, 1, 0, 0, tzinfo=UTC),
    datetime(2026, 3, 1, 23, 59, tzinfo=UTC),
    datetime(2026, 3, 2, tzinfo=UTC),
)
SPAN = "from=2026-03-01&to=2026-03-02"


def runs_of(acme) -> None:
    facts: list[dict[str, Any]] = [
        {"assistant_id": "docs_assistant", "created_by": acme.member, "cost": Decimal("0.25"), "model": "m1"},
        {"assistant_id": "docs_assistant", "created_by": acme.owner, "cost": None, "model": "m2"},
        {"assistant_id": "=gone", "created_by": None, "cost": Decimal("1"), "model": "m1", "status": "failed"},
    ]
    for made, fact in zip(DAYS, facts, strict=True):
        run = Run.objects.create(
            **{"thread": Thread.objects.create(), "status": "completed", "actor_kind": "member", **fact},
            tokens_in=100,
            tokens_out=10,
            tokens_cached=1,
        )
        Run.objects.filter(pk=run.pk).update(created_at=made)


@pytest.fixture
async def admin(server, acme) -> Any:
    await acme.run(lambda: runs_of(acme))
    _, secret = await acme.run(lambda: create_api_key("admin's", acme.owner, scopes=[ADMIN_SCOPE]))
    return server.client(acme.host, Authorization=f"Bearer {secret}")


async def test_it_sums_up_days(admin):
    rows = (await admin.get(f"/api/usage/?{SPAN}")).json()
    assert [(row["key"], row["runs"], row["tokens_in"], row["cost"], row["unpriced"]) for row in rows] == [
        ("2026-03-01", 2, 200, "0.25", 1),
        ("2026-03-02", 1, 100, "1", 0),
    ]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("assistant", [("=gone", 1, 1), ("docs_assistant", 2, 0)]),
        ("model", [("m1", 2, 1), ("m2", 1, 0)]),
    ],
)
async def test_it_sums_up_what_costs_most_first(admin, by, expected):
    rows = (await admin.get(f"/api/usage/?{SPAN}&by={by}")).json()
    assert [(row["key"], row["runs"], row["failed"]) for row in rows] == expected


async def test_members_have_their_names(admin):
    rows = (await admin.get(f"/api/usage/?{SPAN}&by=member")).json()
    assert [row["name"] for row in rows] == ["Visitors, and keys that act as themselves", "member", "owner"]


@pytest.mark.parametrize("way", ["format", "accept"])
async def test_a_spreadsheet_gets_a_table_and_no_formula(admin, way):
    more, headers = ("&format=csv", {}) if way == "format" else ("", {"Accept": "text/csv"})
    response = await admin.get(f"/api/usage/?{SPAN}&by=assistant{more}", headers=headers)
    assert response.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(response.text.splitlines()))
    assert [(row["key"], row["cost"]) for row in rows] == [("'=gone", "1"), ("docs_assistant", "0.25")]


@pytest.mark.parametrize("span", ["from=2026-03-02&to=2026-03-01", "from=2020-01-01&to=2026-01-01", "from=x"])
async def test_a_span_that_cannot_be_is_refused(admin, span):
    assert (await admin.get(f"/api/usage/?{span}")).status_code == 422


async def test_only_administrators_see_it_and_their_keys_with_that_scope(server, acme, admin):
    for user, scopes in ((acme.member, [ADMIN_SCOPE]), (acme.owner, None)):
        _, secret = await acme.run(lambda user=user, scopes=scopes: create_api_key("another", user, scopes=scopes))
        client = server.client(acme.host, Authorization=f"Bearer {secret}")
        assert (await client.get("/api/usage/")).status_code == 403


async def test_another_tenants_use_is_not_in_it(server, globex, admin):
    _, secret = await globex.run(lambda: create_api_key("admin's", globex.owner, scopes=[ADMIN_SCOPE]))
    client = server.client(globex.host, Authorization=f"Bearer {secret}")
    assert (await client.get(f"/api/usage/?{SPAN}")).json() == []
