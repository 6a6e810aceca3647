"""Which decisions fit which proposed calls: exactly one each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants.runs.decisions import KINDS, Decision, check_decisions
from tenants.errors import InvalidInput

ids = st.sampled_from(["a", "b", "c", "d"])


def decision(call_id: str, kind: str) -> Decision:
    args = {"to": "alice"} if kind == "edit" else None
    return Decision(call_id, kind, args=args)  # type: ignore[arg-type]


@given(st.sets(ids, min_size=1), st.lists(st.tuples(ids, st.sampled_from(KINDS)), max_size=6))
def test_they_fit_when_each_call_that_waits_is_named_exactly_once(waiting, decided):
    calls = [{"id": id, "name": "pay", "args": {}} for id in sorted(waiting)]
    decisions = [decision(*each) for each in decided]
    if sorted(each.call_id for each in decisions) == sorted(waiting):
        check_decisions(decisions, calls)
    else:
        with pytest.raises(InvalidInput):
            check_decisions(decisions, calls)


@pytest.mark.parametrize("kind", ["", "Approve", "yes", None])
def test_python_code_is_told_of_a_decision_that_is_none(kind):
    with pytest.raises(InvalidInput) as refused:
        check_decisions([Decision("a", kind)], [{"id": "a"}])
    assert refused.value.code == "invalid_decision"
