"""What the harness measured, as ratios with the aims that they are held against. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

CLIENTS = 4


@dataclass(frozen=True)
class Figure:
    """One figure. ``aim`` says in words what it should be; ``holds`` whether it is."""

    name: str
    value: float
    unit: str
    aim: str
    holds: bool

    def __str__(self) -> str:
        return f"{'  ' if self.holds else '! '}{self.name:<58}{self.value:>9.2f} {self.unit:<10} (aim: {self.aim})"

    def as_json(self) -> dict[str, Any]:
        """As it stands in ``build/bench/peer.json``."""
        return {**asdict(self), "value": round(self.value, 3)}


def figures(results: Mapping[str, Any], statements: Mapping[str, int]) -> list[Figure]:
    """Atrium's figures over the peer's, from the harness' ``results.json`` and its counts of SQL statements.

    Raises ``KeyError`` when a cell was not measured.
    """
    peer, atrium = _cells(results, "peer"), _cells(results, "atrium")

    def ratio(cell: str, fact: str) -> float:
        return atrium[cell][fact] / peer[cell][fact]

    def times(name: str, cell: str, aim: float) -> Figure:
        value = ratio(f"{cell} c{CLIENTS}", "rps")
        return Figure(f"{name}, {CLIENTS} clients", value, "x peer", f"at least {aim:g}", value >= aim)

    cpu = ratio(f"turn 0 c{CLIENTS}", "cpu_ms_app")
    return [
        times("turns a second, new thread", "turn 0", 2),
        Figure(f"CPU of a turn, new thread, {CLIENTS} clients", cpu, "x peer", "at most 0.5", cpu <= 0.5),
        times("turns a second, 1,000 prior messages", "turn 1000", 15),
        times("GET threads (200) a second", "GET threads", 10),
        times("GET messages (100) a second", "GET messages", 2),
        *(_statements(name, count) for name, count in statements.items()),
        *_failures(atrium),
    ]


def counted(log: str) -> dict[str, int]:
    """SQL statements of the requests that have a bound, from what ``count_queries.py`` printed.

    It counts all that reach PostgreSQL in half a second, and so, now and then, a process' heartbeat or a look at the
    hosts: of several counts, the lowest is the request's own.
    """
    bounded = ("turn, new thread", "GET threads/ (list)", "GET messages/ (list)")
    found = re.findall(r"^(.+?) +HTTP \d+ +statements +(\d+)", log, re.M)
    return {name: min(int(count) for label, count in found if label == name) for name in bounded}


def table(results: Mapping[str, Any]) -> list[str]:
    """Every cell of both, side by side."""
    peer, atrium = _cells(results, "peer"), _cells(results, "atrium")
    lines = [f"{'':<16}{'requests/s':^27}{'p50 ms':^20}{'CPU ms':^20}"]
    lines.append(f"{'cell':<16}{'peer':>9}{'Atrium':>9}{'ratio':>9}" + f"{'peer':>10}{'Atrium':>10}" * 2)
    for cell, ours in atrium.items():
        theirs = peer.get(cell)
        if theirs and theirs.get("n") and ours.get("n"):
            speed = f"{theirs['rps']:>9.1f}{ours['rps']:>9.1f}{ours['rps'] / theirs['rps']:>9.2f}"
            rest = (f"{theirs[fact]:>10.1f}{ours[fact]:>10.1f}" for fact in ("p50_ms", "cpu_ms_app"))
            lines.append(f"{cell:<16}{speed}{''.join(rest)}")
    return lines


def _cells(results: Mapping[str, Any], which: str) -> dict[str, Any]:
    targets = results["targets"]
    return next(found["cells"] for name, found in targets.items() if (name == "Atrium") == (which == "atrium"))


def _statements(name: str, count: int) -> Figure:
    most = 9 if name.startswith("turn") else 5
    return Figure(f"SQL statements: {name.replace('/', '')}", count, "", f"at most {most}", count <= most)


def _failures(atrium: Mapping[str, Any]) -> list[Figure]:
    failed = sum(cell.get("errors", 0) for cell in atrium.values())
    return [Figure("requests that Atrium failed", failed, "", "none", not failed)]
