"""A worker that is killed in the middle of a load of documents leaves nothing out and doubles nothing."""

from __future__ import annotations

import random

from tests.faults.kills import load


def test_killed_three_times_the_load_ends_as_an_undisturbed_one(deployment):
    chance = random.Random(6)
    undisturbed = load(deployment, "Undisturbed", 20, 0, chance)
    assert undisturbed["statuses"] == [("ready", 20)]
    assert load(deployment, "Disturbed", 20, 3, chance) == undisturbed
