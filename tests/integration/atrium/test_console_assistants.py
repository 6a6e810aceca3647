"""What owners and admins do in a tenant's console about assistants."""

from __future__ import annotations

import pytest

from assistants.models import ConfiguredAssistant
from rag.models import Collection
from tenants.actors import EDITOR
from tenants.models import AccessRule
from tests.factories import make_member
from tests.integration.assistants.test_configured_assistants import owner_of, receipt_of
from tests.integration.assistants.test_playground import tried

PAGES = "assistants/configuredassistant/"
NEW = {
    "base": "general",
    "name": "Help desk",
    "description": "Helps.",
    "enabled": "on",
    "instructions": "You are {organisation}'s help desk.",
    "model": "",
    "temperature": "",
    "which_tools": "",
    "knowledge": "none",
    "starter_questions": "My screen is black\n\nI need a mouse\n",
}


@pytest.fixture
async def owners(console, acme):
    return await console(acme.host, "owner")


async def test_an_assistant_is_made_changed_and_deleted_in_forms(owners, server, acme, in_acme):
    assert "None yet" in (await owners.open(PAGES)).text
    assert (await owners.send(f"{PAGES}add/", **NEW)).status_code == 302
    row = await in_acme(ConfiguredAssistant.objects.get)
    assert (row.pk, row.base, row.knowledge, row.tools) == ("own-help-desk", "general", "none", None)
    assert row.starter_questions == ["My screen is black", "I need a mouse"]
    assert row.changed_by_id == acme.owner.pk
    assert "Help desk" in (await owners.open(PAGES)).text
    page = f"{PAGES}own-help-desk/change/"
    chosen = {**NEW, "which_tools": "chosen", "tools": ["list_issues"], "enabled": ""}
    del chosen["base"], chosen["enabled"]
    assert (await owners.send(page, **chosen)).status_code == 302
    row = await in_acme(ConfiguredAssistant.objects.get)
    assert (row.enabled, row.tools) == (False, ["list_issues"])
    assert "own-help-desk" not in (await server.signed_in(acme).get("/api/assistants/")).text
    answer = await owners.send(page, **chosen | {"temperature": "3"})
    assert "0 to 2" in answer.text
    assert (await owners.send(f"{PAGES}own-help-desk/delete/", post="yes")).status_code == 302
    assert not await in_acme(ConfiguredAssistant.objects.exists)


async def test_a_developers_assistant_is_adjusted_and_given_back(owners, server, acme, in_acme):
    page = f"{PAGES}docs_assistant/change/"
    shown = (await owners.open(page)).text
    assert 'placeholder="Documents"' in shown  # the developer's, where the field is empty
    assert "You answer questions about the organisation" in shown
    assert not await in_acme(ConfiguredAssistant.objects.exists)
    changes = {**NEW, "name": "Library"}
    del changes["base"]
    assert (await owners.send(page, **changes)).status_code == 302
    assert "Library" in (await server.signed_in(acme).get("/api/assistants/docs_assistant/")).text
    assert "Adjusted" in (await owners.open(PAGES)).text
    assert (await owners.open(f"{PAGES}docs_assistant/delete/")).status_code == 403
    assert (await owners.send(page, **changes, assistants_configuredassistant_give_back="")).status_code == 302
    assert not await in_acme(ConfiguredAssistant.objects.exists)


async def test_a_collection_that_a_rule_keeps_from_who_saves_stays_chosen(owners, server, acme, in_acme):
    ids = await in_acme(lambda: [str(Collection.objects.create(name=name).pk) for name in ("Open", "Closed", "Gone")])
    page = f"{PAGES}own-help-desk/change/"
    sent = {key: value for key, value in NEW.items() if key != "base"} | {"knowledge": "chosen"}
    await owners.send(f"{PAGES}add/", **NEW | {"knowledge": "chosen", "collections": ids})
    await in_acme(lambda: Collection.objects.filter(name="Gone").delete())
    deny = {"effect": "deny", "action": "collection.read", "resource": ids[1]}
    await in_acme(lambda: AccessRule.objects.create(**deny))
    shown = (await owners.open(page)).text
    assert "keeps 1 more from you" in shown
    assert "Closed" not in shown

    async def chosen() -> list[str]:
        return (await in_acme(ConfiguredAssistant.objects.get)).collections

    assert (await owners.send(page, **sent, collections=[ids[0]])).status_code == 302
    assert await chosen() == sorted(ids[:2])
    assert (await owners.send(page, **sent)).status_code == 302
    assert await chosen() == [ids[1]]
    refused = await owners.send(page, **sent, collections=[ids[1]])
    assert refused.status_code == 200
    owner = await owner_of(server, acme)
    for given, kept in (([ids[0]], sorted(ids[:2])), ([ids[0], ids[1]], sorted(ids[:2])), ([], [ids[1]])):
        answer = await owner.patch("/api/admin/assistants/own-help-desk/", json={"collections": given})
        assert answer.status_code == 200, answer.text
        assert await chosen() == kept
    assert (await owners.send(page, **sent | {"knowledge": "all"})).status_code == 302
    assert await chosen() == []


async def test_its_pages_are_for_those_who_manage_assistants(console, acme, in_acme):
    await in_acme(make_member, "editor", EDITOR, is_staff=True)
    editors = await console(acme.host, "editor")
    assert "configuredassistant" not in (await editors.open()).text
    for page in ("", "add/", "docs_assistant/change/", "docs_assistant/playground/"):
        assert (await editors.open(PAGES + page)).status_code == 403, page


async def test_the_playground_shows_what_an_answer_rests_on(owners, server, acme, globex, console):
    page = await owners.open(f"{PAGES}docs_assistant/playground/")
    assert page.status_code == 200
    for field in ("instructions", "tools", "collections", "grounded", "unsupported_answer"):
        assert f'data-field="{field}"' in page.text, field
    assert (await owners.open(f"{PAGES}own-nothing/playground/")).status_code == 404
    owner = await owner_of(server, acme)
    run = await tried(owner, "docs_assistant")
    receipt = await receipt_of(owner, run)
    part = (await owners.open(f"{PAGES}playground-run/{run.json()['id']}/")).text
    assert receipt["assistant"]["version"] in part
    assert "Step by step" in part
    theirs = await console(globex.host, "owner")
    for id in (run.json()["id"], "018f0000-0000-7000-8000-000000000000", "nothing"):
        assert (await theirs.open(f"{PAGES}playground-run/{id}/")).status_code == 404
