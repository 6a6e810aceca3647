"""Rate limits in Redis: the same as in PostgreSQL, for all processes; and PostgreSQL's, while Redis is away."""

from __future__ import annotations

import asyncio
import random
import socket
import sys
from typing import Any

import pytest
from redis import Redis

from tenants.budgets import redis_buckets
from tenants.budgets.rates import _take
from tenants.budgets.redis_buckets import RedisBuckets
from tenants.checks import check_redis
from tenants.models import RateLimit
from tests.log_lines import log_lines
from tests.statements import counted


@pytest.fixture
async def buckets(redis_server):
    made = [RedisBuckets(redis_server.url) for _ in range(2)]  # as two processes have them
    yield made
    for each in made:
        await each.close()


async def codes(client: Any, number: int) -> list[int]:
    return [(await client.get("/api/threads/")).status_code for _ in range(number)]


async def test_processes_share_the_buckets_at_the_same_moment(buckets):
    waits = await asyncio.gather(*(buckets[n % 2].take("acme", [("all", 7)]) for n in range(40)))
    assert sum(wait == 0 for wait in waits) == 7
    assert all(0 <= wait <= 60 / 7 for wait in waits)


async def test_a_bucket_is_its_tenants_and_is_forgotten_when_it_is_empty(buckets, redis_server):
    await buckets[0].take("acme", [("key:1", 2), ("all", 1)])
    assert await buckets[0].take("acme", [("all", 1)]) > 0
    assert await buckets[0].take("globex", [("all", 1)]) == 0
    with Redis.from_url(redis_server.url, decode_responses=True) as redis:
        left = {key: redis.pttl(key) for key in redis.scan_iter()}
    assert set(left) == {"atrium:rate:{acme}:key:1", "atrium:rate:{acme}:all", "atrium:rate:{globex}:all"}
    assert all(0 < milliseconds <= 60_000 for milliseconds in left.values())


async def test_it_decides_as_postgresql_does(buckets, acme):
    """Few requests a minute: none is let through again while the test runs."""
    draw = random.Random(7)
    limits = [("key:1", 2), ("member:1", 3), ("address:192.0.2.1", 4), ("all", 5), ("none", 0)]
    for _ in range(40):
        asked = [limit for limit in limits if draw.random() < 0.5]
        if not asked:
            continue
        in_redis = await buckets[0].take("acme", asked)
        in_postgresql = await acme.run(lambda asked=asked: _take(asked))
        assert (in_redis == 0) is (in_postgresql == 0), asked


async def test_the_api_counts_there_and_the_database_is_not_asked(server, acme, redis_server):
    await acme.run(lambda: RateLimit.objects.create(scope="key", requests_a_minute=2))
    client = server.signed_in(acme)
    with counted() as statements:
        assert await codes(client, 3) == [200, 200, 429]
    assert not [sql for sql in statements if "atrium_take" in sql]
    refused = await client.get("/api/threads/")
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 31
    with Redis.from_url(redis_server.url, decode_responses=True) as redis:
        assert [key.rpartition(":")[0] for key in redis.scan_iter()] == ["atrium:rate:{acme}:key"]


async def test_while_redis_is_away_postgresql_counts_and_the_log_says_so_once(server, acme, redis_server, monkeypatch):
    await acme.run(lambda: RateLimit.objects.create(scope="key", requests_a_minute=2))
    client = server.signed_in(acme)
    assert await codes(client, 1) == [200]
    redis_server.stop()
    with log_lines("tenants.budgets") as lines:
        assert await codes(client, 4) == [200, 200, 429, 429]
    [said] = lines.read("Redis does not answer: PostgreSQL counts requests")
    assert said["level"] == "WARNING"
    monkeypatch.setattr(redis_buckets.redis_buckets(), "_away_until", 0.0)  # the pause is over
    redis_server.start()
    with log_lines("tenants.budgets") as lines:
        assert await codes(client, 3) == [200, 200, 429]
    assert len(lines.read("Redis counts requests again")) == 1


async def test_a_redis_that_takes_the_connection_and_says_nothing_is_away(acme, monkeypatch):
    monkeypatch.setattr(redis_buckets, "TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_one = RedisBuckets(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        assert await silent_one.take("acme", [("all", 1)]) is None
        await silent_one.close()


async def test_without_limits_nobody_is_asked(server, acme, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with log_lines("tenants.budgets") as lines:
        assert await codes(server.signed_in(acme), 1) == [200]
    assert not lines.read()


def test_a_redis_that_cannot_be_used_is_an_error_of_the_check(settings, monkeypatch):
    def found(url: str) -> list[str]:
        settings.REDIS_URL = url
        return [str(each.id) for each in check_redis(None)]

    assert found("") == found("redis://:secret@localhost:6379/0") == found("rediss://localhost") == []
    assert found("localhost:6379") == ["tenants.E002"]
    assert "secret" not in str(check_redis(None))
    monkeypatch.setitem(sys.modules, "redis", None)  # as where it is not installed
    assert found("redis://localhost") == ["tenants.E001"]
    assert found("") == []
