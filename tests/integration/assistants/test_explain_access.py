"""Why may somebody do something, or not? Administrators ask about everybody, others about themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import override_settings
from django.utils import timezone

from embed.models import Site
from rag.models import Collection
from tenants.context import public_context
from tenants.keys import create_api_key
from tenants.models import AccessRule, Plan, Tenant
from tests.sessions import session_of

DOCS = "docs_assistant"


@pytest.fixture
async def owner(server, acme):
    """A key that acts for the owner."""
    _, secret = await acme.run(lambda: create_api_key("owner", acme.owner, scopes=["chat", "admin"]))
    return server.client(acme.host, Authorization=f"Bearer {secret}")


@pytest.fixture
async def member(server, acme):
    return server.signed_in(acme)


async def explain(client, **asked):
    return await client.get("/api/access/explain", params={"action": "assistant.run", "assistant": DOCS, **asked})


async def explained(client, **asked) -> dict:
    answer = await explain(client, **asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_it_says_which_rule_allows_and_why_the_others_do_not_apply(owner, acme):
    said = await explained(owner, actor="member:member")
    assert said["allowed"] is True
    deciding, *others = said["rules"]
    assert deciding["decides"]
    assert deciding["id"] == said["rule_id"]
    assert deciding["sentence"] == "Everyone signed in may see and run all assistants"
    assert deciding["why_not"] == []
    assert {rule["applies"] for rule in others} == {False}
    assert ["It is about something else: have an assistant use a tool."] in [rule["why_not"] for rule in others]
    assert said["actor"] == {"kind": "member", "label": "member", "roles": ["Member"]}


async def test_it_says_of_each_rule_all_that_does_not_fit(owner, acme):
    def rules() -> dict[str, int]:
        made = {
            "role": AccessRule(audience="role", role=Group.objects.get(name="Editor"), effect="deny"),
            "off": AccessRule(effect="deny", enabled=False),
            "late": AccessRule(effect="deny", starts_at=timezone.now() + timedelta(days=1)),
            "other": AccessRule(effect="deny", assistant_id="gone", action="assistant.run"),
            "key": AccessRule(effect="deny", action="tool.use", resource="mail", audience="visitors", site_id="shop"),
        }
        for rule in made.values():
            rule.save()
        return {name: rule.pk for name, rule in made.items()}

    ids = await acme.run(rules)
    why_not = {rule["id"]: rule["why_not"] for rule in (await explained(owner, actor="member:member"))["rules"]}
    assert why_not[ids["role"]] == ["It is for role Editor."]
    assert why_not[ids["off"]] == ["It is switched off."]
    assert [reason[:18] for reason in why_not[ids["late"]]] == ["It holds only from"]
    assert why_not[ids["other"]] == ["It is about the assistant gone only."]
    assert why_not[ids["key"]] == [
        "It is about something else: have an assistant use a tool.",
        "It is about the tool mail only.",
        "It is for visitors of site shop.",
    ]


async def test_a_deny_is_named_with_what_it_beats(owner, acme):
    rule = await acme.run(lambda: AccessRule.objects.create(effect="deny", audience="member", member=acme.member))
    said = await explained(owner, actor=f"member:{acme.member.pk}")
    assert (said["allowed"], said["rule_id"]) == (False, rule.pk)
    assert said["summary"].startswith(f"Not allowed by rule {rule.pk}: Member member may not see and run")
    assert [each["effect"] for each in said["rules"] if each["applies"]] == ["deny", "allow"]


async def test_limits_are_told(owner, acme):
    rule = await acme.run(lambda: AccessRule.objects.create(runs_per_minute=5, tokens_per_day=1000))
    said = await explained(owner, actor="member:member")
    assert said["limits"] == {"runs_per_minute": 5, "tokens_per_day": 1000}
    assert said["limited_by"] == [{"rule_id": rule.pk, **said["limits"]}]
    assert "at most 5 runs a minute, at most 1,000 tokens a day" in said["summary"]


@pytest.mark.parametrize(
    ("actor", "kind", "allowed"),
    [("me", "api_key", True), ("visitor:shop", "visitor", False), ("identified:shop", "visitor", True)],
)
async def test_it_is_asked_about_keys_and_visitors_too(owner, acme, actor, kind, allowed):
    await acme.run(lambda: AccessRule.objects.create(audience="identified", site_id="shop"))
    await acme.run(lambda: Site.objects.create(id="shop", name="Shop", assistant_id=DOCS))
    said = await explained(owner, actor=actor)
    assert (said["actor"]["kind"], said["allowed"]) == (kind, allowed)


async def test_a_visitor_reaches_its_sites_assistant_whatever_the_rules_say(owner, acme):
    def make() -> None:
        AccessRule.objects.create(audience="visitors", site_id="shop")
        Site.objects.create(id="shop", name="Shop", assistant_id=DOCS)

    await acme.run(make)
    assert (await explained(owner, actor="visitor:shop"))["allowed"] is True
    for action in ("assistant.see", "assistant.run", "thread.create"):
        said = await explained(owner, actor="visitor:shop", assistant="issue_tracker", action=action)
        assert (said["allowed"], said["rule_id"]) == (False, None)
        assert "reach its own assistant only" in said["summary"]
    answer = await owner.post(
        "/api/access/preview/",
        json={"effect": "deny", "action": "assistant.run", "audience": "visitors", "site_id": "shop"},
    )
    [change] = answer.json()["changes"]
    assert change["what"][0]["assistant"] == DOCS, change
    assert len(change["what"]) == 1


async def test_a_key_is_asked_about_by_its_number(owner, acme):
    key, _ = await acme.run(lambda: create_api_key("robot"))
    said = await explained(owner, actor=f"key:{key.pk}")
    assert (said["actor"]["label"], said["allowed"]) == ("robot", True)


async def test_collections_are_called_by_their_names_for_administrators_only(owner, member, acme):
    collection = await acme.run(lambda: Collection.objects.create(name="Layoffs"))
    rule = {"action": "collection.read", "resource": str(collection.pk), "effect": "deny", "note": "not before May"}
    await acme.run(lambda: AccessRule.objects.create(**rule))
    asked = {"action": "collection.read", "assistant": "", "resource": str(collection.pk)}
    assert "may not read the collection Layoffs" in (await explained(owner, actor="member:member", **asked))["summary"]
    own = await explain(member, **asked)
    assert own.json()["allowed"] is False
    assert "Layoffs" not in own.text
    assert "not before May" not in own.text


async def test_everybody_asks_about_themselves_and_sees_only_the_rules_that_apply(member, server, acme):
    await acme.run(lambda: AccessRule.objects.create(effect="deny", assistant_id="secret_plan", note="hush"))
    for client in (member, server.client(acme.host, **await session_of(acme))):
        answer = await explain(client)
        assert answer.json()["allowed"] is True
        assert [rule["decides"] for rule in answer.json()["rules"]] == [True]
        assert "secret_plan" not in answer.text
        assert "hush" not in answer.text


@pytest.mark.parametrize("about", ["member:owner", "member:nobody", "key:1", "visitor:shop"])
async def test_nobody_else_is_asked_about_by_a_member(member, about):
    refused = await explain(member, actor=about)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"action": "assistant.fly"}, 422),
        ({"assistant": "no_such_assistant"}, 404),
        ({"actor": "member:nobody"}, 404),
        ({"actor": "key:99999999"}, 404),
        ({"actor": "visitor:nowhere"}, 404),
        ({"actor": "identified:nowhere?plan=pro"}, 404),
        ({"actor": "visitor:\x00"}, 404),
        ({"actor": "member:\x00"}, 404),
        ({"assistant": "\x00"}, 404),
        ({"resource": "\x00"}, 200),
        ({"actor": "key:" + "9" * 40}, 404),
        ({"actor": "somebody"}, 422),
        ({"actor": "member:"}, 422),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(owner, asked, status):
    assert (await explain(owner, **asked)).status_code == status


async def test_an_owners_key_without_the_scope_asks_about_itself_only(server, acme):
    _, secret = await acme.run(lambda: create_api_key("chat only", acme.owner))
    client = server.client(acme.host, Authorization=f"Bearer {secret}")
    assert (await explain(client, actor="member:member")).status_code == 403
    assert (await explained(client))["allowed"] is True


async def test_a_key_that_was_made_for_other_assistants_is_told_so(owner, acme):
    key, _ = await acme.run(lambda: create_api_key("narrow", acme.member, assistants=["other"]))
    said = await explained(owner, actor=f"key:{key.pk}")
    assert said["allowed"] is False
    assert "made for other assistants" in said["summary"]


async def test_another_tenants_members_and_keys_are_not_there(owner, globex):
    from tests.factories import make_member

    def make() -> int:
        make_member("globes")
        return max(create_api_key(f"theirs {number}")[0].pk for number in range(20))

    their_key = await globex.run(make)
    assert (await explain(owner, actor="member:globes")).status_code == 404
    assert (await explain(owner, actor=f"key:{their_key}")).status_code == 404


async def test_without_signing_in_nothing_is_explained(server, acme):
    assert (await explain(server.client(acme.host))).status_code == 401


async def test_a_function_of_the_project_that_answers_instead_is_named(owner):
    with override_settings(AI_ASSISTANT_CAN_RUN_ASSISTANT="assistants.permissions.allow_all"):
        assert (await explained(owner))["overridden_by"] == "assistants.permissions.allow_all"
        assert (await explained(owner, action="thread.view"))["overridden_by"] == ""


async def test_the_plan_above_the_tenant_is_told(owner, server, acme):
    def take(plan: Plan | None) -> None:
        with public_context():
            tenant = Tenant.objects.get(schema_name="acme")
            tenant.plan = plan
            tenant.save()
            Plan.objects.exclude(pk=plan.pk if plan else None).filter(name="Small").delete()

    def small() -> Plan:
        with public_context():
            return Plan.objects.create(
                name="Small", assistant_ids=["other"], members=5, tokens_a_month=10**6, cost_a_month=20
            )

    def widen() -> None:
        with public_context():
            Plan.objects.filter(name="Small").update(assistant_ids=[], model_names=["gpt-9"])

    await acme.run(lambda: take(small()))
    try:
        said = await explained(owner)
        page = await server.client(acme.host, **await session_of(acme, acme.owner)).get(
            f"/admin/tenants/accessrule/explain/?action=assistant.run&assistant={DOCS}&actor=member"
        )
        await acme.run(widen)
        of_model = await explained(owner)
        may_see = await explained(owner, action="assistant.see")
    finally:
        await acme.run(lambda: take(None))
    assert (said["allowed"], said["by_plan"], said["rule_id"]) == (False, True, None)
    assert (said["plan"]["name"], said["plan"]["assistants"], said["plan"]["models"]) == ("Small", ["other"], None)
    assert said["plan"]["limits"] == {
        **dict.fromkeys(("documents", "storage", "requests_a_minute")),
        **{"members": 5, "tokens_a_month": 10**6},
    }
    assert said["plan"]["cost_a_month"] == "20.00"
    assert "at most 5 members, 1,000,000 tokens a month, $20.00 a month." in page.text
    assert (of_model["allowed"], of_model["by_plan"], of_model["rule_id"]) == (False, True, None)
    assert "does not include this assistant's model" in of_model["summary"]
    assert (may_see["allowed"], may_see["plan"]["models"]) == (True, ["gpt-9"])
