"""What is said of a comparison with the peer: ratios, aims, and whether they hold."""

from __future__ import annotations

import pytest

from benchmarks import peer
from benchmarks.peer_report import counted, figures, table

LOG = """\
turn, new thread                           HTTP 201  statements   6  (without transaction control   6, bytes 5996)
       SELECT 1
turn, thread with 10 messages              HTTP 201  statements   8  (without transaction control   6, bytes 5999)
GET threads/ (list)                        HTTP 200  statements   3  (without transaction control   3, bytes 1759)
GET messages/ (list)                       HTTP 200  statements   6  (without transaction control   6, bytes 1571)
"""


def cell(rps: float, cpu: float, errors: int = 0) -> dict[str, float]:
    return {"n": 10, "rps": rps, "cpu_ms_app": cpu, "p50_ms": 1.0, "errors": errors}


def results(**atrium: dict[str, float]) -> dict:
    cells = ("turn 0 c4", "turn 1000 c4", "GET threads c4", "GET messages c4")
    return {
        "targets": {
            "upstream": {"cells": {name: cell(10, 20) for name in cells}},
            "Atrium": {"cells": {name: cell(200, 5) for name in cells} | atrium},
        }
    }


def by_name(**atrium: dict[str, float]) -> dict[str, tuple[float, bool]]:
    return {figure.name: (figure.value, figure.holds) for figure in figures(results(**atrium), counted(LOG))}


def test_it_reads_the_counts_of_statements():
    assert counted(LOG) == {"turn, new thread": 6, "GET threads/ (list)": 3, "GET messages/ (list)": 6}


def test_of_several_counts_the_lowest_is_the_requests_own():
    assert counted(LOG + LOG.replace("statements   6", "statements   5")) == {
        "turn, new thread": 5,
        "GET threads/ (list)": 3,
        "GET messages/ (list)": 5,
    }


def test_a_harness_that_is_not_there_is_said_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(peer, "HARNESS", tmp_path / "shared" / "bench")
    monkeypatch.setattr("sys.argv", ["bench-peer"])
    with pytest.raises(SystemExit) as ended:
        peer.main()
    assert "the harness is not here" in str(ended.value)


def test_it_says_which_aims_hold():
    found = by_name()
    assert found["turns a second, new thread, 4 clients"] == (20, True)
    assert found["CPU of a turn, new thread, 4 clients"] == (0.25, True)
    assert found["SQL statements: turn, new thread"] == (6, True)
    assert found["SQL statements: GET messages (list)"] == (6, False)


@pytest.mark.parametrize(
    ("name", "measured", "figure"),
    [
        ("turn 0 c4", cell(19, 5), "turns a second, new thread, 4 clients"),
        ("turn 0 c4", cell(200, 11), "CPU of a turn, new thread, 4 clients"),
        ("turn 1000 c4", cell(149, 5), "turns a second, 1,000 prior messages, 4 clients"),
        ("GET threads c4", cell(99, 5), "GET threads (200) a second, 4 clients"),
        ("GET messages c4", cell(19, 5), "GET messages (100) a second, 4 clients"),
        ("turn 0 c4", cell(200, 5, errors=1), "requests that Atrium failed"),
    ],
)
def test_it_says_which_aim_was_missed(name, measured, figure):
    assert [missed for missed, (_, holds) in by_name(**{name: measured}).items() if not holds] == [
        *([figure] if "failed" not in figure else []),
        "SQL statements: GET messages (list)",
        *([figure] if "failed" in figure else []),
    ]


def test_every_cell_is_in_the_table():
    lines = table(results())
    assert len(lines) == 2 + 4
    assert "20.00" in lines[2]
