"""Administrators try an assistant before others meet it: as it is stored, or as a draft would make it."""

from __future__ import annotations

from typing import Any

import pytest

from assistants import AIAssistant, method_tool
from assistants.models import ConfiguredAssistant, Run, Thread
from tenants.models import AccessRule, Budget
from tests.integration.assistants.test_configured_assistants import ADMIN, DOCS, adjusted, made, owner_of
from tests.played_model import PlayedModel, wants

pytestmark = pytest.mark.usefixtures("registry")


@pytest.fixture
async def owner(server, acme):
    return await owner_of(server, acme)


async def tried(client, assistant_id: str, content: str = "Hello?", **more: Any) -> Any:
    return await client.post(f"{ADMIN}{assistant_id}/playground/", json={"content": content, **more})


async def receipt_of(client, run: Any) -> dict[str, Any]:
    assert run.status_code == 201, run.text
    return (await client.get(f"/api/runs/{run.json()['id']}/receipt/")).json()


async def test_a_draft_answers_and_nothing_of_it_is_stored_with_the_assistant(owner, acme, use_model):
    model = use_model(PlayedModel(answers=["As drafted."]))
    settings = {"instructions": "Speak like a pirate.", "knowledge": "none"}
    run = await tried(owner, DOCS, settings=settings)
    receipt = await receipt_of(owner, run)
    assert model.asked[0][0].content == "Speak like a pirate."
    stored = await acme.run(lambda: Run.objects.get().receipt["assistant"]["draft"])
    assert stored["instructions"] == "Speak like a pirate."
    assert not await acme.run(ConfiguredAssistant.objects.exists)
    saved = await adjusted(owner, DOCS, **settings)
    assert saved["version"] == receipt["assistant"]["version"]  # what was tried is what others get
    again = await tried(owner, DOCS, "And now?", thread_id=run.json()["thread_id"])
    assert again.json()["thread_id"] == run.json()["thread_id"]
    assert [message.content for message in model.asked[1]][1:] == ["Hello?", "As drafted.", "And now?"]


async def test_its_conversations_are_in_no_list_but_the_consoles(owner, acme, use_model):
    use_model(PlayedModel(answers=["Yes."]))
    run = (await tried(owner, DOCS)).json()
    assert (await owner.get("/api/threads/")).json() == []
    assert await acme.run(lambda: Thread.objects.get().source) == "playground"
    ordinary = (await owner.post("/api/threads/", json={})).json()["id"]
    assert (await tried(owner, DOCS, thread_id=ordinary)).status_code == 404
    assert (await tried(owner, DOCS, thread_id=run["thread_id"])).status_code == 201


async def test_a_disabled_one_and_one_that_no_rule_allows_can_be_tried(owner, acme, use_model):
    use_model(PlayedModel(answers=["Still here."]))
    await made(owner, enabled=False, knowledge="none")
    await acme.run(lambda: AccessRule.objects.create(effect="deny", assistant_id="own-help-desk", action="assistant.*"))
    assert (await tried(owner, "own-help-desk")).status_code == 201
    assert (await tried(owner, "own-nothing")).status_code == 404


async def test_budgets_and_the_checks_of_settings_hold(owner, acme):
    refused = await tried(owner, DOCS, settings={"temperature": 3})
    assert (refused.status_code, "temperature" in refused.text) == (422, True)
    assert (await tried(owner, DOCS, " ")).status_code == 422
    await acme.run(lambda: Budget.objects.create(scope="assistant", assistant_id=DOCS, tokens=1))
    assert (await tried(owner, DOCS)).json()["code"] == "budget_exhausted"
    assert not await acme.run(Thread.objects.exists)


async def test_nobody_else_tries(server, owner, acme, globex, use_model):
    use_model(PlayedModel(answers=["Mine."]))
    run = (await tried(owner, DOCS)).json()
    assert (await tried(server.signed_in(acme), DOCS)).status_code == 403
    foreign = await owner_of(server, globex)
    assert (await tried(foreign, DOCS, thread_id=run["thread_id"])).status_code == 404
    assert (await server.signed_in(acme).get(f"/api/runs/{run['id']}/")).status_code == 404


async def test_a_call_that_waits_goes_on_with_the_draft(owner, acme, use_model, registry):
    class Crane(AIAssistant):
        id = "crane"
        name = "Crane"
        instructions = "You lift."

        @method_tool(requires_approval=True, tenant_selectable=True)
        def lift(self, what: str) -> str:
            """Lift something."""
            return f"lifted {what} for {self._user.username}"

    model = use_model(PlayedModel(answers=[wants(("lift", {"what": "anvil"})), "Done."]))
    await made(owner, knowledge="none", enabled=False)
    run = (await tried(owner, "own-help-desk", settings={"tools": ["lift"], "instructions": "Careful."})).json()
    assert (run["status"], run["tool_calls"][0]["name"]) == ("waiting", "lift")
    decisions = [{"call_id": run["tool_calls"][0]["id"], "decision": "approve"}]
    done = await owner.post(f"/api/runs/{run['id']}/approvals/", json={"decisions": decisions})
    assert done.json()["status"] == "completed", done.text
    receipt = (await owner.get(f"/api/runs/{run['id']}/receipt/")).json()
    assert receipt["tool_calls"][-1]["result"] == "lifted anvil for owner"
    assert model.asked[-1][0].content == "Careful."
    model.answers = ["Otherwise."]
    again = await owner.post(f"/api/runs/{run['id']}/regenerate/")
    assert again.status_code == 201, again.text
    assert model.asked[-1][0].content == "Careful."
