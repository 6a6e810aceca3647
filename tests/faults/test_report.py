"""The table of outcomes."""

from __future__ import annotations

from tests.faults.report import table
from tests.faults.rounds import Outcome


def test_rounds_of_a_kind_are_one_row_and_all_of_them_the_last():
    outcomes = [
        Outcome(0, "model cut", {"completed": 3, "failed: model_reply_cut": 2}, 2.5),
        Outcome(1, "worker killed", {"completed": 5}, 1.0),
        Outcome(2, "model cut", {"completed": 5}, 3.25, wrong=["its lease is left"]),
    ]
    head, _, *rows = table(outcomes).splitlines()
    assert head.startswith("| fault | rounds |")
    assert rows == [
        "| worker killed | 1 | 5 completed | 1.0 s | 0 |",
        "| model cut | 2 | 8 completed, 2 failed: model_reply_cut | 3.2 s | 1 |",
        "| all | 3 | 13 completed, 2 failed: model_reply_cut | 3.2 s | 1 |",
    ]
