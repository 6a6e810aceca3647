"""Counting what tenants use and hold, which a job does every quarter of an hour for the operators' pages."""

from __future__ import annotations

from benchmarks.peer_report import Figure
from benchmarks.tenants.timing import timed

EVERY = 15 * 60  # seconds between two counts (assistants/tasks.py)


def measure() -> list[Figure]:
    """Count all tenants twice: the first time all days of each are counted, from then on the last week's."""
    from assistants.use_cases.tally import tally_tenants

    counted = tally_tenants()
    again = timed(tally_tenants) / 1000
    most = EVERY / 10
    return [Figure(f"counting what {counted} tenants use and hold", again, "s", f"under {most:g}", again < most)]
