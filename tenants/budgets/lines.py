"""Which budgets a run counts at. Pure: the budgets in force and the run in, lines to reserve out."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from tenants.actors import Actor
from tenants.budgets.periods import period_at

Level = Literal[
    "rule", "each_member", "member", "each_site", "site", "assistant", "tenant", "plan", "operator", "platform"
]
LOCK_ORDER: tuple[Level, ...] = get_args(Level)
"""From what few runs share to what all share: a counter that many wait for is held for the shortest time."""


@dataclass(frozen=True, slots=True)
class BudgetInForce:
    """A budget as the decision needs it. ``tokens`` and ``cost`` (US dollars) are None where there is no limit.

    ``key`` is unique in the tenant (or, of the level "platform", among all tenants' budgets). ``parts``: into how many
    counters it is split.
    """

    level: Level
    key: str
    period: str
    tokens: int | None = None
    cost: Decimal | None = None
    assistant_id: str = ""
    member_id: int | None = None
    site_id: str = ""
    parts: int = 1


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What of a run decides at which budgets it counts."""

    run_id: str
    assistant_id: str
    user_id: int | None = None
    api_key_id: int | None = None
    site_id: str = ""
    visitor_id: int | None = None

    @classmethod
    def of(cls, run_id: str, assistant_id: str, actor: Actor) -> RunFacts:
        """The facts of a run that ``actor`` begins."""
        return cls(run_id, assistant_id, actor.user_id, actor.api_key_id, actor.site_id or "", actor.visitor_id)

    @property
    def person(self) -> str:
        """Who counts as one member: also a key that acts as itself. Empty for visitors and the system."""
        if self.user_id is not None:
            return f"member:{self.user_id}"
        return f"key:{self.api_key_id}" if self.api_key_id is not None else ""

    @property
    def counted_as(self) -> str:
        """Who has a limit of an access rule by itself: a member, a key, a visitor; visitors without an id together."""
        if self.visitor_id is not None:
            return f"visitor:{self.visitor_id}"
        return self.person or (f"site:{self.site_id}" if self.site_id else "")


@dataclass(frozen=True, slots=True)
class Line:
    """One counter, and the limits that hold at it."""

    level: Level
    schema_name: str
    budget: str
    subject: str
    part: int
    starts_at: datetime
    ends_at: datetime
    tokens: int | None
    cost: Decimal | None

    def as_json(self) -> dict[str, Any]:
        """As the database's functions take it."""
        return {
            "schema_name": self.schema_name,
            "budget": self.budget,
            "subject": self.subject,
            "part": self.part,
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "tokens": self.tokens,
            "cost": None if self.cost is None else str(self.cost),
        }


def lines_for(budgets: Iterable[BudgetInForce], run: RunFacts, schema_name: str, now: datetime) -> Sequence[Line]:
    """The counters of the budgets that the run counts at, in the order in which all transactions lock them."""
    named = sorted(
        (budget for budget in budgets if _counts(budget, run)),
        key=lambda budget: (LOCK_ORDER.index(budget.level), budget.key),
    )
    return [_line(budget, run, schema_name, now) for budget in named]


def _counts(budget: BudgetInForce, run: RunFacts) -> bool:
    if budget.level == "assistant":
        return budget.assistant_id == run.assistant_id
    if budget.level == "member":
        return run.user_id is not None and budget.member_id == run.user_id
    if budget.level == "each_member":
        return bool(run.person)
    if budget.level == "site":
        return bool(run.site_id) and budget.site_id == run.site_id
    if budget.level == "each_site":
        return bool(run.site_id)
    return budget.level != "rule" or bool(run.counted_as)


def _subject(budget: BudgetInForce, run: RunFacts) -> str:
    """Who has the budget by itself; "" where those whom it is of share it."""
    match budget.level:
        case "each_member":
            return run.person
        case "each_site":
            return f"site:{run.site_id}"
        case "rule":
            return run.counted_as
    return ""


def _line(budget: BudgetInForce, run: RunFacts, schema_name: str, now: datetime) -> Line:
    period = period_at(budget.period, now)
    parts = max(1, budget.parts)
    return Line(
        level=budget.level,
        schema_name="" if budget.level == "platform" else schema_name,
        budget=budget.key,
        subject=_subject(budget, run),
        part=zlib.crc32(run.run_id.encode()) % parts,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        tokens=None if budget.tokens is None else budget.tokens // parts,
        cost=None if budget.cost is None else budget.cost / parts,
    )
