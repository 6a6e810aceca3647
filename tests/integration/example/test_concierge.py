"""The front desk: two assistants asked through one, for the person who asks."""

from __future__ import annotations

import pytest

from atrium.demo.example.models import Issue
from tests.documents import add_ready_document

CONCIERGE = "concierge"
BOTH = 'Ask docs_assistant "Where are toner cartridges kept?" and issue_tracker "list issues with status open"'
HANDBOOK = "# Toner\n\nToner cartridges are kept in the cupboard beside the lift. Take one and tell the office.\n"


@pytest.fixture
def handbook(acme) -> None:
    add_ready_document(acme, HANDBOOK, source="toner.md")


async def test_it_answers_from_the_documents_and_the_issues_at_once(ask, acme, handbook, toner):
    answer = await ask(acme, CONCIERGE, BOTH)
    assert "in the cupboard beside the lift" in answer
    assert toner.title in answer


async def test_it_finds_nothing_of_another_tenant(ask, acme, globex, handbook, toner):
    answer = await ask(globex, CONCIERGE, BOTH)
    assert "cupboard" not in answer
    assert toner.title not in answer


async def test_it_does_only_what_the_person_who_asks_may(ask, acme, toner):
    question = f'Ask the issue_tracker "close issue {toner.pk}"'
    assert "You lack the permission to change issues." in await ask(acme, CONCIERGE, question)
    await ask(acme, CONCIERGE, question, by=acme.owner)
    assert (await acme.run(Issue.objects.get)).status == "closed"


async def test_it_cannot_do_by_another_assistant_what_a_person_must_approve(ask, acme, toner):
    question = f'Ask the issue_tracker "delete issue {toner.pk}"'
    answer = await ask(acme, CONCIERGE, question, by=acme.owner)
    assert "approv" in answer
    assert await acme.run(Issue.objects.exists)
