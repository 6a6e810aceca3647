"""What a plan or a budget refuses."""

from __future__ import annotations

import math
from datetime import datetime

from tenants.errors import AtriumError, Conflict, NotAllowed


class TooMany(AtriumError):
    """This is too much for now. Try again later. ``retry_after`` (seconds) is also sent as a header."""

    status = 429
    code = "too_many_requests"
    title = "Too much for now"


class BudgetExhausted(TooMany):
    """A budget is used up."""

    code = "budget_exhausted"

    def __init__(self, level: str, whose: str, resets_at: datetime, now: datetime) -> None:
        super().__init__(
            f"The budget of {whose} is used up. It starts anew at {resets_at:%Y-%m-%d %H:%M} UTC.",
            level=level,
            resets_at=resets_at.isoformat(),
            retry_after=_seconds_until(resets_at, now),
        )


class RuleLimit(TooMany):
    """An access rule lets you do so much, and no more. ``rule_id`` names it."""

    @classmethod
    def of_runs(cls, rule_id: int, runs_a_minute: int, wait: float) -> RuleLimit:
        """No further run for ``wait`` seconds."""
        seconds = max(1, math.ceil(wait))
        return cls(
            f"Access rule {rule_id} lets you ask {_times(runs_a_minute)} a minute. Ask again in {seconds} s.",
            code="rule_limit_runs",
            rule_id=rule_id,
            runs_per_minute=runs_a_minute,
            retry_after=seconds,
        )

    @classmethod
    def of_tokens(cls, rule_id: int, tokens_a_day: int | None, resets_at: datetime, now: datetime) -> RuleLimit:
        """No further run until the day (UTC) has ended."""
        return cls(
            f"Access rule {rule_id} lets you use {tokens_a_day or 0:,} tokens a day, and they are used up. "
            f"The next day begins at {resets_at:%Y-%m-%d %H:%M} UTC.",
            code="rule_limit_tokens",
            rule_id=rule_id,
            tokens_per_day=tokens_a_day,
            resets_at=resets_at.isoformat(),
            retry_after=_seconds_until(resets_at, now),
        )


class RateLimited(TooMany):
    """Too many requests in a minute. Send the next one after the seconds that Retry-After says."""

    code = "rate_limited"


class PlanLimit(Conflict):
    """Your plan does not hold more."""

    status = 403
    code = "plan_limit"
    title = "The plan does not hold more"


class NotInPlan(NotAllowed):
    """Your plan does not have this."""

    code = "not_in_plan"
    title = "Not in the plan"


def _seconds_until(moment: datetime, now: datetime) -> int:
    return max(1, math.ceil((moment - now).total_seconds()))


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"
