"""One fault of each kind, with real processes; `make faults` plays hundreds, drawn by chance.

After each: every accepted question is there once, every run has ended and says how, no thread is blocked, no answer
and no token is there twice, and what clients have heard is what the log holds, to the byte.
"""

from __future__ import annotations

import pytest

from tests.faults.kinds import KINDS, Kind, broken, cut, garbage, silent, slow, too_many
from tests.faults.rounds import play

SEED, CLIENTS = 4, 3
# Those of the model are played together; both processes take long to start again.
QUICK = [kind for kind in KINDS if kind.change is None and kind.name != "all web processes killed"]
OF_THE_MODEL = (slow, silent, cut, too_many, broken, garbage)


@pytest.mark.parametrize("kind", QUICK, ids=lambda kind: kind.name)
async def test_nothing_is_lost_blocked_or_there_twice(deployment, kind):
    outcome = await play(deployment, kind, 0, SEED, clients=CLIENTS)
    assert outcome.wrong == []
    assert sum(outcome.outcomes.values()) == CLIENTS


async def test_a_model_that_misbehaves_in_every_way_at_once_harms_nobody_else(deployment):
    left = iter(OF_THE_MODEL)
    kind = Kind("model at its worst", "each question meets another fault", change=lambda *given: next(left)(*given))
    outcome = await play(deployment, kind, 0, SEED, clients=len(OF_THE_MODEL), changed=1.0)
    assert outcome.wrong == []
    assert sum(outcome.outcomes.values()) == len(OF_THE_MODEL)
