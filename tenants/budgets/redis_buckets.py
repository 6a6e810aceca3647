"""Buckets of requests in Redis, for all processes that have its address (``REDIS_URL``).

Redis is a cache: what it forgets is a minute of requests. While it does not answer, PostgreSQL counts instead, which
all processes share as well; a warning says so once. It is then left alone for ``PAUSE``, so that requests do not wait
for it one after the other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from django.conf import settings

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

PAUSE = 5.0  # seconds after a failure
TIMEOUT = 0.5  # seconds that a connection or an answer may take

# The same algorithm as ``atrium_take`` in PostgreSQL, in whole microseconds of Redis' own clock. A script is one step:
# nobody comes between its reading and its writing. Returns the microseconds to wait; 0: the request may pass.
_TAKE = """
local minute = 60000000
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
for number, key in ipairs(KEYS) do
    local allowed = tonumber(ARGV[number])
    if allowed < 1 then
        return '60000000'
    end
    local each_takes = math.floor(minute / allowed)
    local empty_at = math.max(tonumber(redis.call('GET', key) or '0'), now) + each_takes
    if empty_at > now + minute then
        return string.format('%.0f', math.max(empty_at - now - minute, 1000))
    end
    redis.call('SET', key, string.format('%.0f', empty_at), 'PX', math.ceil((empty_at - now) / 1000))
end
return '0'
"""

Limit = tuple[str, int]
"""A bucket's key in its tenant, and how many requests it lets pass in a minute."""


class RedisBuckets:
    """The buckets at one address. Connections belong to the event loop that opened them, so each loop has its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Redis] = WeakKeyDictionary()
        self._away_until = 0.0
        self._is_away = False

    async def take(self, schema_name: str, limits: Sequence[Limit]) -> float | None:
        """Count a request at all of the limits, until one has no room; the seconds to wait, 0 where it may pass.

        None where Redis does not answer: then nothing was decided.
        """
        if time.monotonic() < self._away_until:
            return None
        try:
            said = await self._ask(schema_name, limits)
        except Exception as error:  # whatever is wrong with a cache: the request is counted elsewhere, and not refused
            self._went_away(error)
            return None
        if self._is_away:
            self._is_away = False
            log.info("Redis counts requests again")
        return int(said) / 1_000_000

    async def _ask(self, schema_name: str, limits: Sequence[Limit]) -> Any:
        keys = [f"atrium:rate:{{{schema_name}}}:{key}" for key, _ in limits]  # in braces: one node of a cluster has all
        # The client's own time-outs are for each step of a command; this one is for all of it.
        async with asyncio.timeout(2 * TIMEOUT):
            return await self._client().eval(_TAKE, len(keys), *keys, *(limit for _, limit in limits))

    def _client(self) -> Redis:
        from redis.asyncio import Redis

        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = Redis.from_url(self._url, socket_connect_timeout=TIMEOUT, socket_timeout=TIMEOUT)
            self._clients[loop] = client
        return client

    def _went_away(self, error: Exception) -> None:
        self._away_until = time.monotonic() + PAUSE
        if not self._is_away:
            log.warning("Redis does not answer: PostgreSQL counts requests", extra={"error": type(error).__name__})
        self._is_away = True

    async def close(self) -> None:
        """Close the connections of the running loop, which is about to end."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()


@cache
def _buckets_at(url: str) -> RedisBuckets:
    return RedisBuckets(url)


def redis_buckets() -> RedisBuckets | None:
    """The buckets that this deployment has in Redis; None where it has no Redis."""
    return _buckets_at(settings.REDIS_URL) if settings.REDIS_URL else None


async def close_redis() -> None:
    """Close the running loop's connections to Redis, if there are any."""
    buckets = redis_buckets()
    if buckets is not None:
        await buckets.close()
