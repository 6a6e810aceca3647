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
            retry_after=max(1, math.ceil((resets_at - now).total_seconds())),
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
