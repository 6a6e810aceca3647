"""How a model's pieces become events: soon where they are few, and few where they are many. Time is virtual."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from assistants.runs.deltas import WINDOWS, DeltaGatherer
from tests import virtual_time


def events_of(pauses: Iterable[float]) -> tuple[list[tuple[float, str]], list[tuple[float, str]]]:
    """Pieces that come after these pauses in seconds, and what was handed on, each with its time."""

    async def run() -> tuple[list[tuple[float, str]], list[tuple[float, str]]]:
        loop, given, handed_on = asyncio.get_running_loop(), [], []
        began = loop.time()
        gatherer = DeltaGatherer(lambda text: handed_on.append((loop.time() - began, text)))
        for number, pause in enumerate(pauses):
            await asyncio.sleep(pause)
            given.append((loop.time() - began, f"{number} "))
            gatherer.add(given[-1][1])
        await asyncio.sleep(2 * WINDOWS[-1])
        gatherer.flush()
        assert gatherer.text == "".join(text for _, text in handed_on)
        return given, handed_on

    return virtual_time.run(run())


def test_pieces_that_come_alone_go_out_as_they_come():
    given, handed_on = events_of([0.5] * 20)
    assert handed_on == given


def test_a_long_quick_answer_is_tens_of_events():
    given, handed_on = events_of([0.02] * 500)
    assert len(handed_on) < 50
    assert handed_on[0] == given[0]


@given(st.lists(st.sampled_from([0.0, 0.001, 0.02, 0.05, 0.1, 0.24, 0.26, 1.0]), max_size=60))
def test_everything_goes_out_in_order_and_waits_for_one_window_at_the_most(pauses):
    given, handed_on = events_of(pauses)
    assert "".join(text for _, text in handed_on) == "".join(text for _, text in given)
    came = {text.strip(): at for at, text in given}
    late = [at - came[number] for at, text in handed_on for number in text.split()]
    assert all(-1e-9 <= each <= WINDOWS[-1] + 1e-6 for each in late)
