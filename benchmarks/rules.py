"""What a decision by access rules costs: `make bench-rules`.

    python -m benchmarks.rules [--rules 1000] [--repeat 2000]

One process, no database: the rules are made here, of all kinds, and asked by members who hold several roles. Each
figure is the median of many; decisions from the cache are timed fifty at a time. Writes build/bench/rules.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import cycle

from benchmarks.peer_report import Figure
from tenants.actors import ROLES, Actor
from tenants.context import TenantRef
from tenants.rules.actions import ACTIONS, RUN, actions_named
from tenants.rules.decide import Audience, Limits, Rule, decide
from tenants.rules.rule_set import RuleSet
from tests.subprocesses import ROOT

OUT = ROOT / "build" / "bench" / "rules.json"
TENANT = TenantRef(id=1, schema_name="acme")
AT_ONCE = 50  # decisions that are timed together: more than the clock's own cost, less than a busy machine's turns
SOON = datetime.now(UTC) + timedelta(days=1)


def main() -> None:
    """Measure, print, write; ends with 1 when an aim was missed."""
    options = argparse.ArgumentParser(prog="bench-rules")
    options.add_argument("--rules", type=int, default=1000)
    options.add_argument("--repeat", type=int, default=2000, help="measurements of each figure")
    given = options.parse_args()
    found = figures(given.rules, given.repeat)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps([figure.as_json() for figure in found], indent=1) + "\n")
    print("", *map(str, found), f"\nwritten: {OUT.relative_to(ROOT)}", sep="\n")
    sys.exit(0 if all(figure.holds for figure in found) else 1)


def rules_of_all_kinds(count: int) -> list[Rule]:
    """None of them denies, so that each must be looked at."""
    audiences: list[tuple[Audience, str | int]] = [
        ("everyone", ""),
        ("role", "Editor"),
        ("group", "Sales"),
        ("member", 5),
        ("api_key", 5),
        ("visitors", ""),
    ]
    actions = [*ACTIONS, "*", "assistant.*", "thread.*"]
    return [
        Rule(
            id=number,
            effect="allow",
            actions=actions_named(actions[number % len(actions)]),
            assistant_id=f"assistant-{number % 7}" if number % 3 else "",
            audience=audiences[number % len(audiences)][0],
            whom=audiences[number % len(audiences)][1],
            ends_at=SOON if number % 10 == 0 else None,
            limits=Limits(number % 50 + 1),
        )
        for number in range(count)
    ]


def figures(count: int, repeat: int) -> list[Figure]:
    """Decisions over ``count`` rules, uncached and from the cache, in microseconds."""
    rules = rules_of_all_kinds(count)
    kept = _kept(RuleSet(rules))
    ask = _questions()
    uncached = _median(lambda: decide(rules, *next(ask)), repeat)
    once = _median(lambda: RuleSet(rules).decide(*next(ask)), repeat)
    cached = _median(lambda: _many(kept, ask), repeat) / AT_ONCE
    timed = [(actor, action, "assistant-1") for actor, action, _ in _asked() if action == RUN]
    again = cycle(timed)
    with_window = _median(lambda: _many(kept, again), repeat) / AT_ONCE
    return [
        Figure("a decision from the process' cache", cached, "µs", "under 20", cached < 20),
        Figure("... where rules with a window of time speak", with_window, "µs", "under 20", with_window < 20),
        Figure(f"a decision over {count:,} rules, uncached", uncached, "µs", "under 1000", uncached < 1000),
        Figure(f"... with the set of {count:,} rules made for it", once, "µs", "under 1000", once < 1000),
    ]


def _kept(rules: RuleSet) -> Callable[[], RuleSet]:
    """How the server comes by the rules: a book in a process that listens."""
    import django

    django.setup()
    from tenants.context import activate
    from tenants.rules.book import RuleBook

    activate(TENANT)
    book = RuleBook(lambda: rules)
    book.heard("")
    book.rules()
    if book.kept() is not rules:
        sys.exit("the book keeps nothing: what would be measured is not the cache")
    return book.rules


def _asked() -> list[tuple[Actor, str, str]]:
    people = [
        Actor("member", TENANT, number, roles=frozenset([*ROLES[:2], "Sales"] if number % 2 else ["Member"]))
        for number in range(40)
    ]
    return [(actor, action, f"assistant-{number % 9}") for number, actor in enumerate(people) for action in ACTIONS]


def _questions() -> cycle[tuple[Actor, str, str]]:
    return cycle(_asked())


def _many(rules: Callable[[], RuleSet], questions: cycle[tuple[Actor, str, str]]) -> None:
    for _ in range(AT_ONCE):
        rules().decide(*next(questions))


def _median(work: Callable[[], object], repeat: int) -> float:
    """Microseconds."""
    took = []
    for _ in range(repeat):
        began = time.perf_counter_ns()
        work()
        took.append(time.perf_counter_ns() - began)
    return statistics.median(took) / 1000


if __name__ == "__main__":
    main()
