"""What owners and admins do in a tenant's console about people, keys and rules."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group

from rag.models import Collection
from tenants.keys import find_api_key
from tenants.models import AccessRule, ApiKey, User
from tests.factories import PASSWORD

RULE = {
    "effect": "deny",
    "action": "assistant.*",
    "assistant_id": "docs_assistant",
    "audience": "everyone",
    "enabled": "on",
    "note": "",
}
NEW_MEMBER = {"username": "newcomer", "email": "", "first_name": "", "last_name": ""}


def role_id(name: str) -> int:
    return Group.objects.get(name=name).pk


# -- access rules


async def test_a_rule_made_in_the_console_decides_who_sees_an_assistant(console, server, acme):
    members = server.signed_in(acme)
    assert "docs_assistant" in [each["id"] for each in (await members.get("/api/assistants/")).json()]
    owners = await console(acme.host, "owner")
    assert (await owners.send("tenants/accessrule/add/", **RULE)).status_code == 302
    assert "docs_assistant" not in [each["id"] for each in (await members.get("/api/assistants/")).json()]


async def test_the_rules_form_offers_the_assistants_that_are_installed(console, acme):
    page = await (await console(acme.host, "owner")).open("tenants/accessrule/add/")
    assert re.search(r'<option value="docs_assistant"[^>]*>', page.text)
    assert re.search(r'<option value=""[^>]*>\s*All assistants', page.text)


async def test_a_rule_for_a_role_wants_to_know_which(console, acme, in_acme):
    owners = await console(acme.host, "owner")
    before = await in_acme(AccessRule.objects.count)
    answer = await owners.send("tenants/accessrule/add/", **RULE | {"audience": "role"})
    assert "Choose the role that this rule is for." in answer.text
    assert await in_acme(AccessRule.objects.count) == before


async def test_a_role_left_in_a_hidden_field_is_dropped(console, acme, in_acme):
    role = await in_acme(role_id, "Editor")
    answer = await (await console(acme.host, "owner")).send("tenants/accessrule/add/", **RULE | {"role": role})
    assert answer.status_code == 302
    assert (await in_acme(AccessRule.objects.get, effect="deny")).role_id is None


async def test_a_rule_about_an_assistant_that_is_gone_can_still_be_opened_and_kept(console, acme, in_acme):
    rule = await in_acme(AccessRule.objects.create, assistant_id="retired", effect="deny")
    owners = await console(acme.host, "owner")
    answer = await owners.send(f"tenants/accessrule/{rule.pk}/change/", **RULE | {"assistant_id": "retired"})
    assert answer.status_code == 302
    assert "not installed any more" in (await owners.open(f"tenants/accessrule/{rule.pk}/change/")).text


async def test_the_list_reads_as_sentences(console, acme):
    page = (await (await console(acme.host, "owner")).open("tenants/accessrule/")).text
    for words in ("Everyone signed in", "may see and run all assistants", "may read all collections"):
        assert words in page


async def test_a_rule_for_a_tool_keeps_the_tool_and_no_other_kind_does(console, acme, in_acme):
    owners = await console(acme.host, "owner")
    for_mail = RULE | {"action": "tool.use", "tool": "send_mail", "collection": "", "assistant_id": ""}
    assert (await owners.send("tenants/accessrule/add/", **for_mail)).status_code == 302
    rule = await in_acme(AccessRule.objects.get, effect="deny")
    assert (rule.resource, rule.action) == ("send_mail", "tool.use")
    assert 'value="send_mail"' in (await owners.open(f"tenants/accessrule/{rule.pk}/change/")).text
    changed = for_mail | {"action": "assistant.run"}
    assert (await owners.send(f"tenants/accessrule/{rule.pk}/change/", **changed)).status_code == 302
    assert (await in_acme(AccessRule.objects.get, effect="deny")).resource == ""


async def test_a_rule_that_denies_keeps_no_limits_and_one_that_allows_does(console, acme, in_acme):
    owners = await console(acme.host, "owner")
    for effect in ("deny", "allow"):
        limited = RULE | {"effect": effect, "runs_per_minute": "5", "note": "limited"}
        assert (await owners.send("tenants/accessrule/add/", **limited)).status_code == 302
    limits = await in_acme(
        lambda: dict(AccessRule.objects.filter(note="limited").values_list("effect", "runs_per_minute"))
    )
    assert limits == {"deny": None, "allow": 5}


async def test_a_window_that_ends_before_it_begins_is_refused_at_its_field(console, acme):
    window = {"starts_at_0": "2030-01-02", "starts_at_1": "10:00", "ends_at_0": "2030-01-01", "ends_at_1": "10:00"}
    answer = await (await console(acme.host, "owner")).send("tenants/accessrule/add/", **RULE, **window)
    assert "This must be later than the beginning." in answer.text


# -- a draft, tried before it is saved

PREVIEW = {"_preview": ""}


async def test_a_draft_shows_who_would_lose_what_and_is_not_saved(console, acme, in_acme):
    owners = await console(acme.host, "owner")
    before = await in_acme(AccessRule.objects.count)
    answer = await owners.send("tenants/accessrule/add/", **RULE | {"note": "only a draft"}, **PREVIEW)
    assert answer.status_code == 200
    lose = re.search(r'data-testid="lose">(.*?)</p>', answer.text, re.S)[1]
    assert "3 lose" in lose
    assert "member, outsider, owner" in lose
    assert 'data-testid="gain"' not in answer.text
    assert 'value="only a draft"' in answer.text, "what was typed is lost"
    assert re.search(r'<option value="deny"[^>]*selected', answer.text)
    assert await in_acme(AccessRule.objects.count) == before


async def test_a_draft_of_a_change_shows_who_would_gain_what(console, acme, in_acme):
    rule = await in_acme(AccessRule.objects.create, effect="deny", assistant_id="docs_assistant")
    owners = await console(acme.host, "owner")
    role = await in_acme(role_id, "Owner")
    page = f"tenants/accessrule/{rule.pk}/change/"
    answer = await owners.send(page, **RULE | {"audience": "role", "role": role}, **PREVIEW)
    gain = re.search(r'data-testid="gain">(.*?)</p>', answer.text, re.S)[1]
    assert "member, outsider" in gain
    assert "owner" not in gain
    await in_acme(rule.refresh_from_db)
    assert rule.audience == "everyone"


async def test_a_draft_that_other_rules_outdo_says_so(console, acme):
    answer = await (await console(acme.host, "owner")).send(
        "tenants/accessrule/add/", **RULE | {"effect": "allow"}, **PREVIEW
    )
    assert 'data-testid="no-change"' in answer.text


async def test_a_draft_with_a_mistake_shows_the_mistake(console, acme):
    answer = await (await console(acme.host, "owner")).send(
        "tenants/accessrule/add/", **RULE | {"audience": "role"}, **PREVIEW
    )
    assert "Choose the role that this rule is for." in answer.text
    assert 'data-testid="preview"' not in answer.text


async def test_a_draft_shows_the_last_days_runs_that_it_would_have_refused(console, server, acme, in_acme):
    client = server.signed_in(acme)
    thread = (await client.post("/api/threads/", json={})).json()["id"]
    body = {"assistant_id": "docs_assistant", "content": "Hello?"}
    assert (await client.post(f"/api/threads/{thread}/messages/", json=body)).status_code == 201
    owners = await console(acme.host, "owner")
    refused = (await owners.send("tenants/accessrule/add/", **RULE, **PREVIEW)).text
    assert re.search(r'data-testid="refused-runs">\s*<li>1 . .*?for member', refused)
    of_another = RULE | {"audience": "member", "member": acme.outsider.pk}
    assert (
        'data-testid="no-refused-runs"' in (await owners.send("tenants/accessrule/add/", **of_another, **PREVIEW)).text
    )


# -- why?


async def test_the_console_says_why_somebody_may_and_by_which_rule(console, acme, in_acme):
    rule = await in_acme(
        lambda: AccessRule.objects.create(
            effect="deny", assistant_id="docs_assistant", member=acme.member, audience="member"
        )
    )
    owners = await console(acme.host, "owner")
    ask = "tenants/accessrule/explain/?action=assistant.run&assistant=docs_assistant&actor="
    refused = (await owners.open(ask + "member")).text
    assert f"Not allowed by rule {rule.pk}: Member member may not" in refused
    assert "Allowed by rule" in (await owners.open(ask + "outsider")).text
    assert "There is no such member." in (await owners.open(ask + "nobody")).text
    assert "There is no such embedded chat." in (await owners.open(ask + "visitor:nowhere")).text
    closed = await acme.run(lambda: Collection.objects.create(name="Pay roll"))
    keep_out = {"effect": "deny", "action": "collection.read", "resource": str(closed.pk)}
    await acme.run(lambda: AccessRule.objects.create(**keep_out))
    by_name = await owners.open(ask.replace("assistant.run", "collection.read") + "member&resource=Pay+roll")
    assert "may not read the collection Pay roll" in by_name.text
    assert '<option value="Pay roll">' in by_name.text
    assert 'data-testid="answer"' not in (await owners.open("tenants/accessrule/explain/")).text
    assert (
        "explain/" in (await owners.open("tenants/accessrule/")).text
        or "explain_page" in (await owners.open("tenants/accessrule/")).text
    )


async def test_an_editor_asks_nothing_about_rules(console, acme, staff):
    editors = await console(acme.host, "editor")
    assert (await editors.open("tenants/accessrule/explain/")).status_code == 403
    token = {"csrfmiddlewaretoken": editors.client.cookies["csrftoken"]}
    tried = await editors.client.post("/admin/tenants/accessrule/add/", data={**RULE, **PREVIEW, **token})
    assert tried.status_code == 403


# -- API keys


async def test_a_key_is_shown_once_and_works(console, server, acme, in_acme):
    owners = await console(acme.host, "owner")
    made = await owners.send("tenants/apikey/add/", name="Nightly job", user=acme.member.pk, scopes=["threads:read"])
    secret = re.search(r'data-testid="secret">(atr_[^<]+)<', made.text)[1]
    assert "no-store" in made.headers["cache-control"]
    client = server.client(acme.host, Authorization=f"Bearer {secret}")
    assert (await client.get("/api/threads/")).status_code == 200
    key = await in_acme(find_api_key, secret)
    assert key.user_id == acme.member.pk
    for page in ("tenants/apikey/", f"tenants/apikey/{key.pk}/change/", f"tenants/apikey/{key.pk}/history/"):
        shown = (await owners.client.get(f"/admin/{page}", follow_redirects=True)).text
        assert "Nightly job" in shown
        assert secret not in shown


@pytest.mark.parametrize("way", ["from the list", "from its page"])
async def test_a_revoked_key_is_refused_at_once(console, server, acme, in_acme, way):
    client = server.signed_in(acme)
    key = await in_acme(find_api_key, acme.api_key)
    owners = await console(acme.host, "owner")
    if way == "from the list":
        await owners.send("tenants/apikey/", action="revoke", _selected_action=key.pk, index="0")
    else:
        page = f"tenants/apikey/{key.pk}/change/"
        await owners.send(page, name=key.name, tenants_apikey_revoke_this="")
    assert (await client.get("/api/threads/")).status_code == 401
    assert (await in_acme(ApiKey.objects.get, pk=key.pk)).revoked_at is not None


async def test_a_key_that_would_never_work_is_refused_at_its_field(console, acme, in_acme):
    owners = await console(acme.host, "owner")
    past = {"expires_at_0": "2020-01-01", "expires_at_1": "10:00"}
    answer = await owners.send("tenants/apikey/add/", name="late", scopes="chat", **past)
    assert answer.status_code == 200
    assert "This moment has passed" in answer.text
    assert 'value="late"' in answer.text, "what was typed is lost"
    assert not await in_acme(ApiKey.objects.filter(name="late").exists)


async def test_an_admin_makes_no_key_that_acts_for_an_owner(console, acme, staff, in_acme):
    admins = await console(acme.host, "admin")
    answer = await admins.send("tenants/apikey/add/", name="sneaky", scopes="chat", user=acme.owner.pk)
    assert "a key that acts for an owner is an owner&#x27;s to manage" in answer.text
    assert not await in_acme(ApiKey.objects.filter(name="sneaky").exists)


# -- members


async def test_a_new_editor_can_use_the_console_and_a_new_member_cannot(console, server, acme, in_acme):
    owners = await console(acme.host, "owner")
    passwords = {"password1": PASSWORD, "password2": PASSWORD}
    for username, role in (("eva", "Editor"), ("mia", "Member")):
        roles = await in_acme(role_id, role)
        person = NEW_MEMBER | passwords | {"username": username, "roles": roles}
        assert (await owners.send("tenants/user/add/", **person)).status_code == 302
    await console(acme.host, "eva")
    with pytest.raises(AssertionError, match="mia was not let in"):
        await console(acme.host, "mia")


async def test_an_admin_cannot_become_an_owner(console, acme, staff, in_acme):
    admins = await console(acme.host, "admin")
    roles = [await in_acme(role_id, name) for name in ("Admin", "Owner")]
    myself = f"tenants/user/{staff['admin'].pk}/change/"
    answer = await admins.send(myself, **NEW_MEMBER | {"username": "admin"}, is_active="on", roles=roles)
    assert "Only an owner changes owners, and makes new ones." in answer.text
    admin = await in_acme(User.objects.get, username="admin")
    assert await in_acme(lambda: [group.name for group in admin.groups.all()]) == ["Admin"]


async def test_an_admin_cannot_change_an_owner_or_give_it_a_password(console, acme, staff):
    admins = await console(acme.host, "admin")
    owner = f"tenants/user/{acme.owner.pk}"
    assert "Give a new password" not in (await admins.open(f"{owner}/change/")).text
    assert (await admins.open(f"{owner}/password/")).status_code == 403
    token = {"csrfmiddlewaretoken": admins.client.cookies["csrftoken"]}
    answer = await admins.client.post(f"/admin/{owner}/change/", data={**NEW_MEMBER, **token})
    assert answer.status_code == 403


@pytest.mark.parametrize("change", [{"roles": "Admin", "is_active": "on"}, {"roles": "Owner"}], ids=["role", "active"])
async def test_the_last_owner_stays(console, acme, in_acme, change):
    owners = await console(acme.host, "owner")
    fields = NEW_MEMBER | change | {"username": "owner", "roles": await in_acme(role_id, change["roles"])}
    answer = await owners.send(f"tenants/user/{acme.owner.pk}/change/", **fields)
    assert "Somebody must stay who is an owner and can sign in." in answer.text
    owner = await in_acme(User.objects.get, pk=acme.owner.pk)
    assert owner.is_active
    assert await in_acme(lambda: [group.name for group in owner.groups.all()]) == ["Owner"]


async def test_a_member_who_is_made_inactive_is_out_with_its_keys(console, server, acme, in_acme):
    client = server.signed_in(acme)
    owners = await console(acme.host, "owner")
    fields = NEW_MEMBER | {"username": "member", "roles": await in_acme(role_id, "Member")}
    assert (await owners.send(f"tenants/user/{acme.member.pk}/change/", **fields)).status_code == 302
    assert (await client.get("/api/threads/")).status_code == 401


async def test_no_form_of_the_console_makes_a_superuser(console, acme, in_acme):
    owners = await console(acme.host, "owner")
    fields = NEW_MEMBER | {"username": "member", "roles": await in_acme(role_id, "Member"), "is_active": "on"}
    extra = {"is_superuser": "on", "is_staff": "on", "user_permissions": "1"}
    assert (await owners.send(f"tenants/user/{acme.member.pk}/change/", **fields, **extra)).status_code == 302
    member = await in_acme(User.objects.get, pk=acme.member.pk)
    assert not member.is_superuser
    assert not member.is_staff
