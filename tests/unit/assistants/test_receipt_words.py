"""How a receipt says by which access rule a run began."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from assistants.ai_assistants import DocsAssistant
from assistants.runs.receipts import beginning
from tenants.rules.decide import Limits, Rule
from tenants.rules.words import Parts, sentence


@pytest.mark.parametrize(
    ("action", "assistant_id", "limits", "starts_at", "said"),
    [
        ("assistant.*", "", Limits(), None, "Everyone may see and run all assistants"),
        ("assistant.*", "docs_assistant", Limits(), None, "Everyone may see and run Documents"),
        ("assistant.run", "docs_assistant", Limits(5), None, "Everyone may run Documents, at most 5 runs a minute"),
        (
            "*",
            "docs_assistant",
            Limits(),
            datetime(2026, 5, 1, tzinfo=UTC),
            "Everyone may do everything with Documents from 1 May 2026, 00:00 UTC",
        ),
    ],
)
def test_the_assistant_is_called_by_its_name(action, assistant_id, limits, starts_at, said):
    parts = Parts("allow", "everyone", action, assistant_id, limits=limits, starts_at=starts_at)
    rule = Rule(7, "allow", frozenset(), assistant_id, text=sentence(parts))
    assert beginning(DocsAssistant(), rule)["rule"] == {"id": 7, "effect": "allow", "text": said}


def test_without_a_rule_nothing_is_said():
    assert beginning(DocsAssistant(), None)["rule"] is None
