"""The example's assistants with a language model: an OpenAI-compatible server that plays from a script."""

from __future__ import annotations

import json
from typing import Any

from atrium.demo.example.ai_assistants import TicketTriage, Triage
from atrium.demo.example.models import Issue
from tenants.context import tenant_context
from tests.model_server import ModelServer, calls, says


def tool_results(asked: list[dict[str, Any]]) -> list[str]:
    """What tools told the model, in the last request of each conversation."""
    return [message["content"] for body in asked for message in body["messages"] if message["role"] == "tool"]


async def test_the_tracker_acts_on_free_wording(model_server: ModelServer, ask, acme, toner):
    new = {"title": "Coffee machine leaks", "body": "In the kitchen."}
    model_server.play(calls(("list_issues", {"status": "open"}), ("create_issue", new)), says("I have noted it."))
    assert await ask(acme, "issue_tracker", "The machine in the kitchen leaks. Is that known?") == "I have noted it."
    assert await acme.run(Issue.objects.filter(**new, status="open").exists)
    listed, made = tool_results(model_server.asked())
    assert toner.title in listed
    assert json.loads(made)["title"] == new["title"]


async def test_the_model_reads_what_is_not_allowed(model_server: ModelServer, ask, acme, toner):
    model_server.play(calls(("close_issue", {"number": toner.pk})), says("You may not close it."))
    assert await ask(acme, "issue_tracker", "The toner is there again.") == "You may not close it."
    [told] = tool_results(model_server.asked())
    assert "You lack the permission to change issues." in told
    assert (await acme.run(Issue.objects.get)).status == "open"


async def test_the_front_desk_asks_another_assistant(model_server: ModelServer, ask, acme, toner):
    model_server.play(
        calls(("issue_tracker", {"message": "Which issues are open?"}), question="What is there to do"),
        calls(("list_issues", {"status": "open"}), question="Which issues are open"),
        says("The toner.", "Which issues are open"),
        says("Look after the toner."),
    )
    assert await ask(acme, "concierge", "What is there to do?") == "Look after the toner."
    results = tool_results(model_server.asked())
    assert any(toner.title in result for result in results)
    assert results[-1] == "The toner."


def test_triage_gives_an_object(model_server: ModelServer, acme):
    sorted_ticket = Triage(category="hardware", priority="urgent", summary="The printer burns.")
    model_server.play(says(sorted_ticket.model_dump_json()))
    with tenant_context(acme.ref):
        assert TicketTriage(user=acme.member).run("Smoke comes out of the printer!") == sorted_ticket
    [asked] = model_server.asked()
    assert asked["response_format"]["json_schema"]["name"] == "Triage"
