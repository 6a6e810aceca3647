"""Rate limits: by key, member, address and plan; right with many processes; nothing where none is set."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from typing import Any

from django.db.models import F

from tenants.actors import Actor
from tenants.budgets.errors import RateLimited
from tenants.budgets.rates import check_rate
from tenants.context import public_context, tenant_context
from tenants.database import give_connections_back, in_database
from tenants.models import Plan, RateBucket, RateLimit
from tests.statements import counted


def passes(actor: Actor | None, address: str = "192.0.2.1") -> bool:
    try:
        check_rate(actor, address)
    except RateLimited:
        return False
    finally:
        give_connections_back()
    return True


def limit(**scopes: int) -> None:
    for scope, requests in scopes.items():
        RateLimit.objects.create(scope=scope, requests_a_minute=requests)


def test_without_a_limit_nothing_is_asked(acme):
    with tenant_context(acme.ref):
        passes(acme.actor())
        with counted() as statements:
            assert passes(acme.actor())
    assert not [sql for sql in statements if "atrium_take" in sql]


def test_each_has_its_own(acme):
    with tenant_context(acme.ref):
        limit(member=2, address=5)
        member, owner = acme.actor(), acme.actor(acme.owner)
        assert [passes(member) for _ in range(3)] == [True, True, False]
        assert passes(owner)
        assert [passes(None) for _ in range(3)] == [True, True, False]  # the member's third was not counted here
        assert not passes(owner)  # from the same address
        assert passes(acme.actor(acme.outsider), "192.0.2.2")


def test_the_visitors_of_a_site_share_its_limit_and_each_key_has_its_own(acme):
    def visitor(site_id: str, number: int) -> Actor:
        return Actor("visitor", acme.ref, site_id=site_id, visitor_id=number)

    def key(number: int) -> Actor:
        return Actor("api_key", acme.ref, api_key_id=number)

    with tenant_context(acme.ref):
        limit(site=2, key=1)
        assert [passes(visitor("shop", number)) for number in (1, 2, 3)] == [True, True, False]
        assert passes(visitor("blog", 4))
        assert [passes(key(number)) for number in (1, 1, 2)] == [True, False, True]
        assert passes(acme.actor())  # no visitor and no key


def test_a_limit_of_one_tenant_is_not_the_others(acme, globex):
    with tenant_context(acme.ref):
        limit(address=1)
        assert [passes(None) for _ in range(2)] == [True, False]
    with tenant_context(globex.ref):
        limit(address=1)
        assert passes(None)


def test_requests_at_the_same_moment_are_as_many_as_allowed(acme):
    with tenant_context(acme.ref):
        limit(address=7)
        with ThreadPoolExecutor(8) as pool:
            jobs = [pool.submit(copy_context().run, passes, None) for _ in range(40)]
            assert sum(job.result() for job in jobs) == 7


def test_a_bucket_empties_steadily(acme):
    def later(seconds: float) -> None:
        with public_context():
            RateBucket.objects.update(empty_at=F("empty_at") - timedelta(seconds=seconds))

    with tenant_context(acme.ref):
        limit(address=6)  # one in ten seconds
        assert [passes(None) for _ in range(7)] == [True] * 6 + [False]
        later(11)
        assert [passes(None) for _ in range(2)] == [True, False]
        later(600)
        assert [passes(None) for _ in range(7)] == [True] * 6 + [False]


async def test_the_api_says_when_to_come_back(server, acme):
    await acme.run(lambda: limit(key=2))
    client = server.signed_in(acme)
    answers: list[Any] = [await client.get("/api/threads/") for _ in range(3)]
    assert [response.status_code for response in answers] == [200, 200, 429]
    refused = answers[-1]
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 31


async def test_wrong_keys_are_counted_by_the_address(server, acme):
    await acme.run(lambda: limit(address=2))
    client = server.client(acme.host, Authorization="Bearer atr_wrong")
    assert [(await client.get("/api/threads/")).status_code for _ in range(3)] == [401, 401, 429]


async def test_the_plan_limits_all_of_a_tenants_people_together(server, acme, globex):
    def plan() -> None:
        with public_context():
            row = Plan.objects.get()
            row.requests_a_minute = 2
            row.save()

    await in_database(plan)
    clients = [server.signed_in(acme), server.client(acme.host, **acme.bearer)]
    codes = [(await client.get("/api/threads/")).status_code for client in [*clients, *clients]]
    assert codes == [200, 200, 429, 429]
    assert (await server.signed_in(globex).get("/api/threads/")).status_code == 200
