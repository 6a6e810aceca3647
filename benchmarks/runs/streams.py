"""500 streams at once in one server process, against a model that speaks at a steady pace."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import streams
from benchmarks.peer_report import Figure
from benchmarks.streams import Samples, plain, times
from tests import postgres

MOST_ABOVE_MODEL = 60.0  # milliseconds


def measure(options: argparse.Namespace) -> tuple[list[Figure], list[str]]:
    """The figures, and what is to be said about streams that failed."""
    with ExitStack() as stack:
        database = stack.enter_context(postgres.database(stack.enter_context(postgres.server())))
        orders = streams.seed(database, options.streams)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = stack.enter_context(streams.fake_model(options.tokens, options.interval))
        server = stack.enter_context(streams.server_on(database, model, options.pool, folder / "server.log"))
        streams.warm_up(server, orders)
        results, samples = asyncio.run(streams.measure(server, database, orders, options))
        return _figures(results, samples, options), streams.errors(results, server.log.read_text())


def _figures(results: list[dict[str, Any]], samples: Samples, options: argparse.Namespace) -> list[Figure]:
    count = options.streams
    complete = sum(result["ok"] for result in results)
    together = streams.most_at_once(results)
    first = [result["first_event"] - result["began"] for result in results if "first_event" in result]
    # The model's first token comes one interval after it is asked; what is more is Atrium's, and the busy machine's.
    above = [result["first_text"] - result["began"] - options.interval for result in results if "first_text" in result]
    median, late = times("first text above the model's own, streamed", above)
    aim = f"under {MOST_ABOVE_MODEL:g}"
    return [
        Figure("streams that were complete", complete, "", f"all {count}", complete == count),
        Figure("streams open at the same time", together, "", f"all {count}", together == count),
        plain("questions a second while they begin", count / options.ramp, ""),
        plain("the same of streams that go on and on", count / (options.tokens * options.interval), ""),
        median,
        Figure(late.name, late.value, "ms", aim, late.value < MOST_ABOVE_MODEL),
        *times("first event after the request", first),
        plain("server's resident memory, peak", max(samples.rss) / 1e6, "MB"),
        plain("server's resident memory before", samples.rss[0] / 1e6, "MB"),
        plain("server's PostgreSQL connections, peak", max(samples.connections), ""),
        plain("server's threads, peak", max(samples.threads), ""),
        plain("server's CPU for one stream", samples.cpu_seconds / count * 1000, "ms"),
    ]
