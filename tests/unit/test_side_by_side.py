"""All tests in two processes: what fails in either is told, runs once more, and decides the exit code."""

from __future__ import annotations

import re

import pytest

from tests.side_by_side import BROKEN, FAILED, PASSED, Part, run

LEFT, RIGHT = Part("left", ("test_left.py",)), Part("right", ("test_right.py",))
PASSES = "def test_passes(): pass\n"
FAILS = "def test_fails(): assert False\n"
PASSES_THE_SECOND_TIME = """
from pathlib import Path

def test_fails_once():
    tried = Path(__file__).with_suffix(".tried")
    if not tried.exists():
        tried.touch()
        assert False
"""


@pytest.mark.parametrize(
    ("left", "right", "code", "told"),
    [
        (PASSES, FAILS, FAILED, ["1 passed", "1 failed", "1 failed"]),
        (PASSES_THE_SECOND_TIME, PASSES_THE_SECOND_TIME, PASSED, ["1 failed", "1 failed", "1 passed", "1 passed"]),
        ("import nothing_of_this_name", FAILS, BROKEN, ["1 error", "1 failed"]),
    ],
    ids=["one fails", "both fail once", "one cannot be read"],
)
def test_it_tells_what_came_of_both_halves(left, right, code, told, tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # to import them takes longer than all the rest
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_left.py").write_text(left)
    (tmp_path / "test_right.py").write_text(right)

    assert run([LEFT, RIGHT], folder=tmp_path) == code

    assert re.findall(r"(\d+ \w+) in [\d.]+s", capfd.readouterr().out) == told
