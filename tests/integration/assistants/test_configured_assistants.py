"""Assistants that a tenant's administrators adjust, switch off and make: one place answers who they are."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.core.checks import run_checks

from assistants import AIAssistant, method_tool
from assistants.configured import Configuration, configured_class
from assistants.models import ConfiguredAssistant, Run
from assistants.tenant_assistants import assistant_book, assistants_here
from assistants.use_cases import create_thread, get_assistants_info
from assistants.use_cases.configure_assistants import MOST_OWN, create_assistant
from assistants.versions import version_of
from rag.models import Collection
from tenants.context import public_context, tenant_context
from tenants.keys import create_api_key
from tenants.models import AccessRule, Budget, Plan, Tenant
from tests.documents import add_ready_document
from tests.integration.assistants.conftest import ScriptedModel
from tests.played_model import PlayedModel, wants
from tests.statements import counted
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("registry")

ADMIN = "/api/admin/assistants/"
DOCS = "docs_assistant"


@pytest.fixture
async def owner(server, acme):
    """A key that acts for acme's owner."""
    return await owner_of(server, acme)


async def owner_of(server, tenant):
    scopes = ["chat", "threads:read", "admin"]
    _, secret = await tenant.run(lambda: create_api_key("owner", tenant.owner, scopes=scopes))
    return server.client(tenant.host, Authorization=f"Bearer {secret}")


@pytest.fixture
async def member(server, acme):
    return server.signed_in(acme)


@pytest.fixture
def weather(registry) -> type[AIAssistant]:
    class Weather(AIAssistant):
        id = "weather"
        name = "Weather"
        version = "2.1"
        instructions = "You tell the weather."
        starter_questions = ("Will it rain?",)

        @method_tool(tenant_selectable=True)
        def get_weather(self, city: str) -> str:
            """The weather in a city."""
            return f"sunny in {city} for {self._user.username}"

        @method_tool
        def secret_weather(self) -> str:
            """Not for everybody."""
            return "storm"

    return Weather


async def made(client, **settings: Any) -> dict[str, Any]:
    answer = await client.post(ADMIN, json={"base": "general", "name": "Help desk", **settings})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def adjusted(client, assistant_id: str, **changes: Any) -> dict[str, Any]:
    answer = await client.patch(f"{ADMIN}{assistant_id}/", json=changes)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ids_for(client) -> list[str]:
    return [each["id"] for each in (await client.get("/api/assistants/")).json()]


async def ask(client, assistant_id: str, content: str = "How are you?") -> Any:
    thread = (await client.post("/api/threads/", json={})).json()["id"]
    return await client.post(f"/api/threads/{thread}/runs/", json={"assistant_id": assistant_id, "content": content})


async def receipt_of(client, run: Any) -> dict[str, Any]:
    assert run.status_code == 201, run.text
    return (await client.get(f"/api/runs/{run.json()['id']}/receipt/")).json()


# -- own assistants


async def test_an_own_assistant_is_listed_and_answers_as_it_was_made(server, owner, member, globex, use_model):
    model = use_model(PlayedModel(answers=["Gladly."]))
    questions = ["My screen is black", "I need a mouse"]
    desk = await made(
        owner,
        instructions="You are {organisation}'s help desk for {member}. {unknown} {0} {{today}}",
        starter_questions=questions,
        knowledge="none",
        temperature=0.5,
    )
    assert (desk["id"], desk["own"], desk["enabled"]) == ("own-help-desk", True, True)
    listed = {each["id"]: each for each in (await member.get("/api/assistants/")).json()}
    assert listed["own-help-desk"]["starter_questions"] == questions
    assert (await receipt_of(member, await ask(member, "own-help-desk")))["assistant"] == {
        "id": "own-help-desk",
        "version": desk["version"],
    }
    system = model.asked[0][0].content
    assert system.startswith("You are Acme's help desk for member. {unknown} {0} {")
    assert "today" not in system
    # The neighbour has no such assistant.
    assert "own-help-desk" not in await ids_for(server.signed_in(globex))
    assert (await ask(server.signed_in(globex), "own-help-desk")).status_code == 404
    foreign = await owner_of(server, globex)
    missing = await foreign.get(f"{ADMIN}own-nothing/")
    for answer in (
        await foreign.get(f"{ADMIN}own-help-desk/"),
        await foreign.patch(f"{ADMIN}own-help-desk/", json={"name": "Mine"}),
        await foreign.delete(f"{ADMIN}own-help-desk/"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, missing.json()["code"])


async def test_the_other_faces_know_it_too(owner, member, acme, sdk):
    await made(owner, knowledge="none")
    models = [each.id for each in (await sdk(acme).models.list()).data]
    assert "own-help-desk" in models
    asked = [{"role": "user", "content": "Hello"}]
    completion = await sdk(acme).chat.completions.create(model="own-help-desk", messages=asked)
    assert completion.choices[0].message.content

    def in_python() -> list[str]:
        create_thread("In Python", acme.member, assistant_id="own-help-desk")
        return [each["id"] for each in get_assistants_info(acme.member)]

    assert "own-help-desk" in await acme.run(in_python)


async def test_access_rules_and_budgets_hold_for_it(owner, member, acme):
    await made(owner, knowledge="none")
    await acme.run(lambda: Budget.objects.create(scope="assistant", assistant_id="own-help-desk", tokens=1))
    answer = await ask(member, "own-help-desk")
    assert (answer.status_code, answer.json()["code"]) == (429, "budget_exhausted")
    await acme.run(Budget.objects.all().delete)
    await acme.run(lambda: AccessRule.objects.create(effect="deny", assistant_id="own-help-desk"))
    assert (await ask(member, "own-help-desk")).status_code == 403
    assert "own-help-desk" not in await ids_for(member)


async def test_its_id_is_made_from_its_name_and_never_anothers(owner):
    ids = [(await made(owner, name=name))["id"] for name in ("Ärzte & Co.", "Help desk", "help  DESK", "助手")]
    assert ids == ["own-arzte-co", "own-help-desk", "own-help-desk-2", "own-assistant"]
    renamed = await adjusted(owner, "own-help-desk", name="Front desk")
    assert (renamed["id"], renamed["name"]) == ("own-help-desk", "Front desk")
    with pytest.raises(Exception, match="tenants' own"):
        type("Thief", (AIAssistant,), {"id": "own-help-desk", "name": "Thief", "instructions": "Steal."})


async def test_a_deleted_one_is_gone_and_what_was_said_with_it_stays(owner, member, acme):
    await made(owner, knowledge="none")
    run = (await ask(member, "own-help-desk")).json()
    assert (await owner.delete(f"{ADMIN}own-help-desk/")).status_code == 204
    assert (await owner.delete(f"{ADMIN}own-help-desk/")).status_code == 404
    assert (await ask(member, "own-help-desk")).status_code == 404
    assert len((await member.get(f"/api/threads/{run['thread_id']}/messages/")).json()) == 2


def test_there_is_an_end_to_how_many_there_are(acme):
    with tenant_context(acme.ref):
        rows = (ConfiguredAssistant(pk=f"own-{number}", base="general", name="x") for number in range(MOST_OWN))
        ConfiguredAssistant.objects.bulk_create(rows)
        with pytest.raises(Exception, match="as many assistants"):
            create_assistant(acme.actor(acme.owner), "general", {"name": "One more"})


# -- developers' assistants


async def test_what_is_adjusted_counts_and_the_rest_is_the_developers(owner, member, weather, use_model):
    model = use_model(PlayedModel(answers=["Wet."]))
    before = await receipt_of(member, await ask(member, "weather"))
    assert before["assistant"]["version"] == "2.1"
    desk = await adjusted(owner, "weather", name="Rain", instructions="Only rain.", temperature=1)
    assert desk["version"].startswith("2.1+")
    after = await receipt_of(member, await ask(member, "weather"))
    assert after["assistant"]["version"] == desk["version"]
    assert after["prompt_hash"] != before["prompt_hash"]
    assert [asked[0].content for asked in model.asked] == ["You tell the weather.", "Only rain."]
    shown = (await member.get("/api/assistants/weather/")).json()
    assert (shown["name"], shown["starter_questions"]) == ("Rain", ["Will it rain?"])
    again = await adjusted(owner, "weather", instructions="Only snow.")
    assert again["version"] not in ("2.1", desk["version"])
    assert (await adjusted(owner, "weather", enabled=True))["version"] == again["version"]
    assert (await owner.delete(f"{ADMIN}weather/")).status_code == 204
    assert (await member.get("/api/assistants/weather/")).json()["name"] == "Weather"


async def test_a_disabled_one_is_as_if_it_was_not_there(server, owner, member, acme, globex, sdk):
    thread = (await member.post("/api/threads/", json={"assistant_id": DOCS})).json()["id"]
    await ask(member, DOCS)
    assert (await adjusted(owner, DOCS, enabled=False))["enabled"] is False
    unknown = (await member.get("/api/assistants/nothing/")).json()
    hidden = await member.get(f"/api/assistants/{DOCS}/")
    assert (hidden.status_code, hidden.json()["code"]) == (404, unknown["code"])
    assert DOCS not in await ids_for(member)
    assert DOCS not in [each.id for each in (await sdk(acme).models.list()).data]
    body = {"assistant_id": DOCS, "content": "Hello?"}
    assert (await member.post(f"/api/threads/{thread}/runs/", json=body)).status_code == 404
    assert (await member.post("/api/threads/", json={"assistant_id": DOCS})).status_code == 404
    run = await acme.run(lambda: Run.objects.get().pk)
    assert (await member.post(f"/api/runs/{run}/regenerate/")).status_code == 404
    assert (await member.get(f"/api/threads/{thread}/")).status_code == 200  # what was said can be read
    assert DOCS in await ids_for(server.signed_in(globex))

    asked = {"action": "assistant.run", "assistant": DOCS}
    said = (await owner.get("/api/access/explain", params={**asked, "actor": "member:member"})).json()
    assert (said["allowed"], said["rule_id"]) == (False, None)
    assert "disabled" in said["summary"]
    assert (await member.get("/api/access/explain", params=asked)).status_code == 404
    await adjusted(owner, DOCS, enabled=True)
    assert (await member.get(f"/api/assistants/{DOCS}/")).status_code == 200


def test_a_method_that_a_developer_wrote_yields_to_what_was_chosen(registry, acme):
    class Stubborn(AIAssistant):
        id = "stubborn"
        name = "Stubborn"

        def get_instructions(self) -> str:
            return "Mine."

        def get_model(self) -> str:
            return "mine"

        def get_temperature(self) -> float:
            return 0.1

    with tenant_context(acme.ref):
        untouched = configured_class(Stubborn, Configuration("stubborn", name="Other"))(user=acme.member)
        assert _said_by(untouched) == ("Mine.", "mine", 0.1)
        chosen = Configuration("stubborn", instructions="Ours.", model="ours", temperature=0.9)
        changed = configured_class(Stubborn, chosen)(user=acme.member)
        assert _said_by(changed) == ("Ours.", "ours", 0.9)
        assert registry["stubborn"] is Stubborn
        assert version_of(changed) != version_of(untouched) != version_of(Stubborn)


def _said_by(assistant: AIAssistant) -> tuple[str, str | None, float | None]:
    return assistant.get_instructions(), assistant.get_model(), assistant.get_temperature()


# -- tools and knowledge


async def test_it_has_the_tools_that_were_chosen_and_they_act_for_the_one_who_asks(
    owner, member, acme, weather, use_model
):
    model = use_model(PlayedModel(answers=[wants(("get_weather", {"city": "Rome"})), "Sunny."]))
    choices = (await owner.get("/api/admin/assistant-choices/")).json()
    assert "get_weather" in [each["key"] for each in choices["tools"]]
    assert "secret_weather" not in [each["key"] for each in choices["tools"]]
    assert "general" in [each["key"] for each in choices["bases"]]
    assert (await made(owner, tools=["get_weather"], knowledge="none"))["tools"] == ["get_weather"]
    receipt = await receipt_of(member, await ask(member, "own-help-desk"))
    assert [(call["name"], call["result"]) for call in receipt["tool_calls"]] == [
        ("get_weather", "sunny in Rome for member")
    ]
    assert [tool.name for tool in model.bound] == ["get_weather"]
    # The developer's other tools are the developer's to give and to take.
    assert (await adjusted(owner, "weather", tools=[]))["tools"] == ["secret_weather"]
    model.answers = ["No."]
    await ask(member, "weather")
    assert [tool.name for tool in model.bound] == ["secret_weather"]
    # The rules about tools hold as for any assistant.
    await acme.run(lambda: AccessRule.objects.create(effect="deny", action="tool.use", assistant_id="own-help-desk"))
    model.bound = []
    await ask(member, "own-help-desk")
    assert model.bound == []


async def test_two_tools_of_one_name_are_found_by_the_system_check(weather):
    def errors() -> list[str]:
        return [each.msg for each in run_checks(tags=["assistants"]) if each.id == "assistants.E003"]

    assert errors() == []

    class OtherWeather(AIAssistant):
        id = "other_weather"
        name = "Other weather"
        instructions = "You tell other weather."

        @method_tool(tenant_selectable=True)
        def get_weather(self, city: str) -> str:
            """Other weather."""
            return "?"

    assert errors() == ["Two different tools marked tenant_selectable are called get_weather."]


async def test_it_searches_the_chosen_collections_as_far_as_the_one_who_asks_may_read(owner, member, acme, use_model):
    use_model(ScriptedModel(pieces=["Yes."]))

    def add(name: str) -> object:
        return add_ready_document(acme, f"# Anvils\n\nAnvils of {name} are heavy.\n", f"{name}.md", name)

    for name in ("Open", "Closed", "Other"):
        await acme.run(lambda name=name: add(name))
    ids = await acme.run(lambda: {each.name: str(each.pk) for each in Collection.objects.all()})
    await made(owner, knowledge="chosen", collections=[ids["Open"], ids["Closed"]])

    async def found() -> set[str]:
        receipt = await receipt_of(member, await ask(member, "own-help-desk", "Are anvils heavy?"))
        return {each["document_id"] for each in receipt["passages"]}

    everything = await found()
    assert len(everything) == 2
    deny = {"effect": "deny", "action": "collection.read", "resource": ids["Closed"]}
    await acme.run(lambda: AccessRule.objects.create(**deny))
    assert len(await found()) == 1
    await acme.run(lambda: Collection.objects.filter(pk=ids["Open"]).delete())
    assert await found() == set()
    await adjusted(owner, "own-help-desk", knowledge="all")
    assert len(await found()) == 1


# -- what is refused

WRONG = {
    "name": ["", "  ", "x" * 101, "nul\x00"],
    "instructions": ["x" * 20_001, "half \ud800"],
    "description": ["x" * 501],
    "temperature": [-0.1, 2.1, "hot"],
    "tools": [["delete_issue"], ["nothing"], "get_weather"],
    "knowledge": ["some", "chosen"],
    "collections": [["nothing"], ["018f0000-0000-7000-8000-000000000000"]],
    "starter_questions": [[str(number) for number in range(7)], ["x" * 201]],
    "base": ["nothing", "docs_assistant", ""],
}


async def test_what_cannot_be_is_refused_at_its_field(server, owner, globex):
    await globex.run(lambda: add_ready_document(globex, "# Theirs\n\nNot acme's.\n", "theirs.md"))
    theirs = await globex.run(lambda: str(Collection.objects.get().pk))
    cases = [(field, value) for field, values in WRONG.items() for value in values]
    for field, value in [*cases, ("collections", [theirs])]:
        more = {"knowledge": "chosen"} if field == "collections" else {}
        sent = {"base": "general", "name": "X", **more, field: value}
        answer = await owner.post(ADMIN, content=_json(sent), headers={"Content-Type": "application/json"})
        assert answer.status_code in (413, 422), (field, value, answer.text)
        assert field in answer.text or (field, value) == ("knowledge", "chosen")
    assert [each for each in (await owner.get(ADMIN)).json() if each["own"]] == []


def _json(value: Any) -> bytes:
    import json

    return json.dumps(value).encode()  # with escapes: httpx refuses half a surrogate pair


async def test_models_and_assistants_are_those_of_the_plan(owner, member, acme, weather):
    def with_plan(**limits: Any) -> None:
        with public_context():
            plan = Plan.objects.create(name=f"Plan {Plan.objects.count()}", **limits)
            Tenant.objects.filter(schema_name="acme").update(plan=plan)
        from tenants.budgets import in_force

        in_force.forget()

    await made(owner, knowledge="none")
    await acme.run(lambda: with_plan(model_names=["small"], assistant_ids=[DOCS]))
    answer = await owner.patch(f"{ADMIN}own-help-desk/", json={"model": "large"})
    assert (answer.status_code, "small" in answer.text) == (422, True)
    assert (await owner.get("/api/admin/assistant-choices/")).json()["models"] == ["small"]
    # The plan names its assistants: own ones are not among them, and neither are the tools of the others.
    assert (await ask(member, "own-help-desk")).json()["code"] == "assistant_not_in_plan"
    assert await ids_for(member) == [DOCS]
    assert (await owner.patch(f"{ADMIN}own-help-desk/", json={"tools": ["get_weather"]})).status_code == 422
    assert await is_kept_by_plan(owner)
    # A plan that has it without the model that it speaks with: it is shown, and does not run.
    await acme.run(lambda: with_plan(model_names=["large"], assistant_ids=[DOCS, "own-*"]))
    assert "own-help-desk" in await ids_for(member)
    assert (await ask(member, "own-help-desk")).json()["code"] == "model_not_in_plan"
    assert await is_kept_by_plan(owner)
    await acme.run(lambda: with_plan(assistant_ids=[DOCS, "own-*"]))
    assert (await ask(member, "own-help-desk")).status_code == 201
    assert not await is_kept_by_plan(owner)


async def is_kept_by_plan(client) -> bool:
    """Whether explain says that the plan, and no rule, keeps the administrator from the help desk."""
    asked = {"action": "assistant.run", "assistant": "own-help-desk"}
    return (await client.get("/api/access/explain", params=asked)).json()["by_plan"]


async def test_only_owners_and_admins_manage_assistants(server, member, acme):
    _, secret = await acme.run(lambda: create_api_key("all", acme.outsider, scopes=["chat", "admin"]))
    outsider = server.client(acme.host, Authorization=f"Bearer {secret}")
    for client in (member, outsider):
        for answer in (
            await client.get(ADMIN),
            await client.get("/api/admin/assistant-choices/"),
            await client.get(f"{ADMIN}{DOCS}/"),
            await client.post(ADMIN, json={"base": "general", "name": "Mine"}),
            await client.patch(f"{ADMIN}{DOCS}/", json={"enabled": False}),
            await client.delete(f"{ADMIN}{DOCS}/"),
        ):
            assert answer.status_code == 403, answer.text
    assert not await acme.run(ConfiguredAssistant.objects.exists)


# -- kept in the process


async def test_what_another_process_changes_in_sql_is_heard_at_once(member, acme, database_url):
    async def server_listens() -> bool:
        with counted() as statements:
            await ids_for(member)
        return not [read for read in statements.reads if "configuredassistant" in read]

    await until(server_listens, "the server keeps the assistants")
    with psycopg.connect(database_url, autocommit=True) as elsewhere:
        elsewhere.execute("SET search_path TO acme, public")
        columns = "name, description, instructions, model, knowledge, collections, starter_questions, base"
        columns += ", unsupported_answer"
        elsewhere.execute(
            f"INSERT INTO assistants_configuredassistant (id, enabled, {columns}, created_at, changed_at)"
            " VALUES ('docs_assistant', false, '', '', '', '', '', '[]', '[]', '', '', now(), now())"
        )
        await until(lambda: _is_listed(member, False), "the assistant is switched off")
        elsewhere.execute("TRUNCATE assistants_configuredassistant")
        await until(lambda: _is_listed(member, True), "the assistant is back")


async def _is_listed(client, wanted: bool) -> bool:
    return (DOCS in await ids_for(client)) is wanted


def test_a_change_by_this_process_is_known_before_its_next_line(acme, globex):
    assistant_book.heard("")
    try:
        with tenant_context(globex.ref):
            of_globex = assistants_here()
        with tenant_context(acme.ref):
            assert assistants_here() is assistants_here()
            row = ConfiguredAssistant.objects.create(pk=DOCS, enabled=False)
            assert assistants_here().is_disabled(DOCS)
            row.delete()
            assert not assistants_here().is_disabled(DOCS)
        with tenant_context(globex.ref):
            assert assistants_here() is of_globex
    finally:
        assistant_book.deaf()


def test_a_row_whose_class_is_not_installed_any_more_is_no_assistant(acme):
    with tenant_context(acme.ref):
        ConfiguredAssistant.objects.create(pk="own-orphan", base="gone", name="Orphan")
        ConfiguredAssistant.objects.create(pk="gone_too", name="Gone")
        here = assistants_here()
        assert (here.find("own-orphan"), here.find("gone_too")) == (None, None)
        assert {"own-orphan", "gone_too"}.isdisjoint(here.all())
