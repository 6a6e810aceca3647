"""Triage: an answer of a structure, with what was said and nothing that was made up."""

from __future__ import annotations

import json

from atrium.demo.example.ai_assistants import TicketTriage, Triage
from tenants.context import tenant_context
from tests.integration.example.conftest import post_question

MESSAGE = 'category: hardware, priority: urgent, summary: "The printer is on fire"'
SORTED = Triage(category="hardware", priority="urgent", summary="The printer is on fire")


async def test_its_answer_over_the_api_is_json(ask, acme):
    assert json.loads(await ask(acme, "ticket_triage", MESSAGE)) == SORTED.model_dump()


def test_its_answer_in_python_is_an_object(acme):
    with tenant_context(acme.ref):
        assert TicketTriage(user=acme.member).run(MESSAGE) == SORTED


async def test_the_offline_model_says_what_it_cannot_conclude(server, acme):
    problem = (await post_question(server.signed_in(acme), "ticket_triage", "The printer is on fire!")).json()
    assert problem["code"] == "offline_model_cannot"
    assert "OPENAI_API_KEY" in problem["detail"]
