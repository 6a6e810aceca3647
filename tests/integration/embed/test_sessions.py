"""A visitor's session: who gets one, where its token is good, and what becomes of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from django.core import signing
from django.utils import timezone

from assistants import AIAssistant, assistants, method_tool
from assistants.models import Thread
from assistants.use_cases.preview_access import what_rules_are_about
from embed.models import Site, VisitorSession
from embed.tokens import new_token
from embed.use_cases import sessions
from embed.use_cases.retention import SILENT, forget_used, forget_visitors
from embed.use_cases.sites import delete_site, save_site
from tenants.errors import InvalidInput
from tenants.models import AccessRule, Visitor
from tenants.rules.actions import EVERYTHING, RUN
from tenants.rules.drafts import draft_rule
from tenants.rules.explain import Question
from tenants.use_cases.access import explain_access
from tenants.use_cases.preview_rule import preview_rule
from tests.documents import add_ready_document
from tests.integration.embed.conftest import BLOG, EVIL, SHOP
from tests.played_model import PlayedModel, wants
from tests.somewhere import Helper


async def test_a_visitor_chats_and_finds_the_conversation_again(shop):
    page = shop.page()
    answer = await page.begin()
    assert answer.status_code == 201
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert page.session["site"]["greeting"] == "Hi!"
    assert page.session["visitor"] == {"identified": False, "subject": "", "attributes": {}}
    thread = await page.thread()
    asked = await page.ask(thread)
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (201, SHOP)
    streamed = await page.ask(thread, Accept="text/event-stream")
    assert "run.done" in streamed.text
    assert streamed.headers["Access-Control-Allow-Origin"] == SHOP

    later = shop.page()
    await later.begin(renewal=page.session["renewal"])
    assert later.session["renewal"] == page.session["renewal"]
    assert await later.threads() == [thread]
    assert len((await later.get(f"/api/threads/{thread}/messages/")).json()) == 4


async def test_each_visitor_is_alone_and_so_is_each_tenant(shop, globex):
    page, other = shop.page(), shop.page("https://a.pages.example.com")
    await page.begin()
    await other.begin()
    thread = await page.thread()
    assert await other.threads() == []
    assert (await other.get(f"/api/threads/{thread}/")).status_code == 404
    assert (await other.ask(thread)).status_code == 404
    members = shop.server.signed_in(shop.tenant)
    assert (await members.get(f"/api/threads/{thread}/")).status_code == 404
    # At another tenant's host, neither the key nor the token is known.
    elsewhere = shop.page(tenant=globex)
    assert (await elsewhere.begin()).status_code == 403
    elsewhere.session = page.session
    assert (await elsewhere.get("/api/threads/")).status_code == 401


async def test_a_session_is_for_the_pages_that_the_site_names(shop):
    refused = {}
    for origin in (EVIL, "null", "https://pages.example.com", SHOP + ":8443", "http://shop.example.com", SHOP + "."):
        answer = await shop.page(origin).begin()
        refused[origin] = (answer.status_code, answer.json()["code"], "Access-Control-Allow-Origin" in answer.headers)
    assert set(refused.values()) == {(403, "site_refused", False)}
    unknown = shop.page()
    for unknown.key in ("site_unknown", "site_\x00"):
        assert (await unknown.begin()).json()["code"] == "site_refused"
    # Without an Origin it is no page; and only our own frame speaks for another one.
    client = shop.server.client(shop.tenant.host)
    asked = {"key": shop.site.public_key}
    assert (await client.post("/embed/session/", json=asked)).status_code == 403
    assert (await client.post("/embed/session/", json={**asked, "origin": SHOP})).status_code == 403
    assert (await shop.page(EVIL).begin(origin=SHOP)).status_code == 403


async def test_our_own_frame_says_in_which_page_it_stands(shop):
    own = f"http://{shop.tenant.host}:{shop.server.port}"
    page = shop.page(own)
    assert (await page.begin()).status_code == 403
    assert (await page.begin(origin=EVIL)).status_code == 403
    assert (await page.begin(origin=SHOP)).status_code == 201
    assert (await page.client.get("/api/threads/", headers=page.signed_in)).status_code == 200
    # A browser leaves Origin out of what a page asks its own host, and says so.
    same = {"Authorization": page.signed_in["Authorization"], "Sec-Fetch-Site": "same-origin"}
    assert (await page.client.get("/api/threads/", headers=same)).status_code == 200


async def test_a_token_is_good_on_its_own_page_alone(shop):
    page = shop.page()
    await page.begin()
    thread = await page.thread()
    token = page.signed_in["Authorization"]
    paths = ["/api/threads/", f"/api/threads/{thread}/", f"/api/threads/{thread}/messages/", "/api/assistants/"]
    run = (await page.get(f"/api/threads/{thread}/runs/")).json()
    assert run == []
    for path in paths:
        assert (await page.get(path)).status_code == 200
        for origin in (EVIL, "null", "https://a.pages.example.com"):
            stolen = await page.client.get(path, headers={"Authorization": token, "Origin": origin})
            assert (stolen.status_code, stolen.json()["code"]) == (403, "site_refused"), (path, origin)
        assert (await page.client.get(path, headers={"Authorization": token})).status_code == 403
        in_address = await page.client.get(path, params={"token": token.split()[1]}, headers=page.headers)
        assert in_address.status_code == 401


async def test_a_token_ends_and_cannot_be_made_by_others(shop, monkeypatch):
    page = shop.page()
    await page.begin()
    token = page.session["token"]
    session = await shop.tenant.run(VisitorSession.objects.get)
    forged = "vis_" + signing.dumps([session.pk, SHOP], salt="atrium.visitor.globex")
    for wrong in (token + "x", token[:-1], "vis_", "vis_x", forged, "vis_" + "x" * 2000):
        page.session = {"token": wrong}
        answer = await page.get("/api/threads/")
        assert (answer.status_code, answer.json()["code"]) == (401, "wrong_visitor_token")
    page.session = {"token": token}
    assert (await page.get("/api/threads/")).status_code == 200
    then = signing.time.time() - 16 * 60
    with monkeypatch.context() as patched:
        patched.setattr(signing.time, "time", lambda: then)
        page.session = {"token": await shop.tenant.run(lambda: new_token(session.pk, SHOP))}
    assert (await page.get("/api/threads/")).json()["code"] == "wrong_visitor_token"


async def test_a_visitor_has_its_conversations_and_nothing_else(shop):
    page = shop.page()
    await page.begin()
    assert [each["id"] for each in (await page.get("/api/assistants/")).json()] == ["greeter"]
    other = {"assistant_id": "other"}
    assert (await page.client.post("/api/threads/", json=other, headers=page.signed_in)).status_code == 403
    closed = ["/api/members/", "/api/invitations/", "/api/keys/", "/api/usage/", "/api/collections/"]
    assert {path: (await page.get(path)).status_code for path in closed} == dict.fromkeys(closed, 403)


async def test_a_visitor_decides_on_a_tool_call_and_sees_later_what_was_called(shop, monkeypatch):
    model = PlayedModel(answers=[wants(("send", {"to": "Ada"})), "Sent."])
    monkeypatch.setattr(assistants, "chat_model", lambda *args, **kwargs: model)

    class Clerk(Helper):
        id = "clerk"
        name = "Clerk"

        @method_tool(requires_approval=True)
        def send(self, to: str) -> str:
            """Send a letter."""
            return f"sent to {to}"

    def open_up() -> None:
        AccessRule.objects.create(audience="visitors", site_id=str(shop.site.pk), action=EVERYTHING)

    await shop.tenant.run(open_up)
    await shop.change(assistant_id="clerk")
    page = shop.page()
    await page.begin()
    begun = await page.client.post("/api/threads/", json={"assistant_id": "clerk"}, headers=page.signed_in)
    path = f"/api/threads/{begun.json()['id']}/"
    body = {"assistant_id": "clerk", "content": "Write to Ada", "mode": "wait"}
    run = (await page.client.post(f"{path}runs/", json=body, headers=page.signed_in)).json()
    assert [call["args"] for call in run["tool_calls"]] == [{"to": "Ada"}]
    decided = {"decisions": [{"call_id": run["tool_calls"][0]["id"], "decision": "approve"}], "mode": "wait"}
    done = await page.client.post(f"/api/runs/{run['id']}/approvals/", json=decided, headers=page.signed_in)
    assert done.json()["status"] == "completed", done.text
    called = (await page.get(f"{path}tool-calls/")).json()
    assert [(call["name"], call["args"], call["status"]) for call in called] == [("send", {"to": "Ada"}, "completed")]


async def test_what_is_switched_off_or_taken_away_holds_at_once(shop):
    page = shop.page()
    await page.begin()
    await shop.change(enabled=False)
    assert (await page.get("/api/threads/")).json()["code"] == "site_refused"
    assert (await page.begin(renewal=page.session["renewal"])).status_code == 403
    await shop.change(enabled=True, origins=["https://other.example.com"])
    assert (await page.get("/api/threads/")).json()["code"] == "site_refused"
    await shop.change(origins=[SHOP], who="identified")
    assert (await page.get("/api/threads/")).json()["code"] == "wrong_visitor_token"
    assert (await page.begin(renewal=page.session["renewal"])).json()["code"] == "identity_needed"
    await shop.change(who="anyone")
    await shop.tenant.run(lambda: AccessRule.objects.filter(site_id="shop").delete())
    new = await page.client.post("/api/threads/", json={"assistant_id": "greeter"}, headers=page.signed_in)
    assert new.status_code == 403


async def test_what_was_said_before_signing_in_is_the_persons(shop):
    page = shop.page()
    await page.begin()
    thread, before = await page.thread(), page.session
    answer = await page.begin(renewal=before["renewal"], identity=shop.identity(attributes={"plan": "gold"}))
    assert answer.json()["visitor"] == {"identified": True, "subject": "ada", "attributes": {"plan": "gold"}}
    assert await page.threads() == [thread]
    page.session, after = before, page.session
    assert (await page.get("/api/threads/")).status_code == 401  # the anonymous visitor is no more
    # The same person elsewhere, with other attributes; and somebody else at the same browser.
    phone = shop.page("https://a.pages.example.com")
    await phone.begin(identity=shop.identity(attributes={"plan": "silver"}))
    assert await phone.threads() == [thread]
    await page.begin(renewal=after["renewal"], identity=shop.identity("grace"))
    assert await page.threads() == []
    assert await phone.threads() == [thread]
    assert await shop.tenant.run(lambda: list(Visitor.objects.values_list("subject", "attributes").order_by("pk"))) == [
        ("ada", {"plan": "silver"}),
        ("grace", {}),
    ]


async def test_a_conversation_that_begins_while_its_visitor_signs_in_is_the_persons_too(shop, monkeypatch):
    page, loop, begun, erase = shop.page(), asyncio.get_running_loop(), [], sessions._erase
    await page.begin()

    def begin(visitor):
        return shop.tenant.run(lambda: Thread.objects.create(visitor_id=visitor.pk, assistant_id="greeter").pk)

    def meanwhile(visitor):  # a request that was let in before
        if not begun:
            begun.append(str(asyncio.run_coroutine_threadsafe(begin(visitor), loop).result()))
        erase(visitor)

    monkeypatch.setattr(sessions, "_erase", meanwhile)
    answer = await page.begin(renewal=page.session["renewal"], identity=shop.identity())
    assert answer.status_code == 201, answer.text
    assert await page.threads() == begun
    assert await shop.tenant.run(lambda: list(Visitor.objects.values_list("subject", flat=True))) == ["ada"]


async def test_a_rule_may_be_for_those_alone_of_whom_the_server_says_something(shop):
    def narrow() -> str:
        rule = AccessRule.objects.get(site_id="shop", action="assistant.*")
        rule.audience, rule.attribute, rule.attribute_value = "identified", "plan", "pro"
        rule.full_clean()
        rule.save()
        return str(rule)

    assert await shop.tenant.run(narrow) == "Identified visitors of site shop whose plan is pro may see and run Greeter"
    asked = {"assistant_id": "greeter"}

    async def may_begin(**begun: str) -> bool:
        page = shop.page()
        await page.begin(**begun)
        return (await page.client.post("/api/threads/", json=asked, headers=page.signed_in)).status_code == 201

    assert await may_begin(identity=shop.identity(attributes={"plan": "pro", "language": "de"}))
    assert not await may_begin()
    assert not await may_begin(identity=shop.identity(attributes={"plan": "free"}))  # the same person, of late
    assert not await may_begin(identity=shop.identity("grace", attributes={"tier": "pro"}))

    def told() -> tuple[list[bool], set[str]]:
        owner = shop.tenant.actor(shop.tenant.owner)
        asked = [f"identified:shop?plan={plan}" for plan in ("pro", "free")]
        explained = [explain_access(owner, each, Question(RUN, "greeter")).decision.allowed for each in asked]
        about = {"audience": "identified", "site_id": "shop", "attribute": "plan", "attribute_value": "pro"}
        preview = preview_rule(draft_rule({"effect": "deny", **about}), what_rules_are_about())
        return explained, {name for change in preview.changes for name in change.lose}

    assert await shop.tenant.run(told) == ([True, False], {"identified visitors of site shop whose plan is pro"})
    with pytest.raises(InvalidInput, match="Only identified visitors have attributes"):
        await shop.tenant.run(lambda: draft_rule({"audience": "visitors", "attribute": "plan"}))


async def test_a_statement_is_believed_once(shop):
    once = shop.identity()
    assert (await shop.page().begin(identity=once)).status_code == 201
    again = await shop.page().begin(identity=once)
    assert (again.status_code, again.json()["code"]) == (403, "identity_replayed")
    wrong = await shop.page().begin(identity=shop.identity(aud="site_other"))
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_identity")
    assert await shop.tenant.run(Visitor.objects.count) == 1


async def test_who_logs_out_is_forgotten_at_once(shop):
    page = shop.page()
    await page.begin(identity=shop.identity())
    await page.thread()
    ended = {"key": page.key, "renewal": page.session["renewal"]}
    assert (await page.client.post("/embed/logout/", json=ended, headers={"Origin": EVIL})).status_code == 403
    for _ in range(2):
        assert (await page.client.post("/embed/logout/", json=ended, headers=page.headers)).status_code == 204
    assert (await page.get("/api/threads/")).status_code == 401
    await page.begin(renewal=ended["renewal"])
    assert page.session["visitor"]["identified"] is False
    assert await page.threads() == []


async def test_a_browser_asks_first_and_only_named_pages_may_go_on(shop, globex):
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    client = shop.server.client(shop.tenant.host)
    for path in ("/api/threads/", "/embed/session/"):
        named = await client.options(path, headers={"Origin": SHOP, **asked})
        assert named.status_code == 204
        assert named.headers["Access-Control-Allow-Origin"] == SHOP
        assert "authorization" in named.headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Credentials" not in named.headers
        assert "Origin" in named.headers["Vary"]
        for origin in (EVIL, BLOG, "null"):
            answer = await client.options(path, headers={"Origin": origin, **asked})
            assert not [name for name in answer.headers if name.startswith("access-control")]
    neighbour = await shop.server.client(globex.host).options("/api/threads/", headers={"Origin": SHOP, **asked})
    assert "Access-Control-Allow-Origin" not in neighbour.headers


async def test_messages_of_a_day_have_their_limits_which_deleting_does_not_lift(shop):
    await shop.change(messages_a_day=2, messages_a_day_in_all=3)
    page, other = shop.page(), shop.page()
    await page.begin()
    await other.begin()
    thread = await page.thread()
    assert [(await page.ask(thread)).status_code for _ in range(2)] == [201, 201]
    await page.client.delete(f"/api/threads/{thread}/", headers=page.signed_in)
    thread = await page.thread()
    refused = await page.ask(thread)
    assert (refused.status_code, refused.json()["code"]) == (429, "site_limit")
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    assert (await page.get(f"/api/threads/{thread}/messages/")).json() == []
    theirs = await other.thread()
    assert [(await other.ask(theirs)).status_code for _ in range(2)] == [201, 429]


async def test_a_visitor_who_writes_too_fast_waits_and_others_do_not(shop):
    await shop.change(messages_a_minute=1)
    page, other = shop.page(), shop.page()
    await page.begin()
    await other.begin()
    thread, theirs = await page.thread(), await other.thread()
    assert (await page.ask(thread)).status_code == 201
    refused = await page.ask(thread)
    assert (refused.status_code, refused.json()["code"]) == (429, "site_limit")
    assert "Wait" in refused.json()["detail"]
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert (await other.ask(theirs)).status_code == 201


async def test_the_look_and_what_to_say_instead_come_with_the_session(shop):
    await shop.change(look={"light": {"accent": "#7a1fa2"}}, languages=["de"], fallback="Write to us.")
    page = shop.page()
    await page.begin()
    site = page.session["site"]
    assert site["look"]["light"]["--atrium-accent"] == "#7a1fa2"
    assert (site["look"]["languages"], site["fallback"]) == (["de"], "Write to us.")


async def test_a_script_gets_no_more_than_so_many_sessions_a_minute(shop, monkeypatch):
    monkeypatch.setattr("embed.api.sessions.SESSIONS_A_MINUTE", 3)
    answers = [(await shop.page().begin()).status_code for _ in range(3)]
    assert answers == [201] * 3
    refused = await shop.page().begin()
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")


async def test_what_is_old_is_forgotten_and_what_is_new_is_not(shop):
    old, new = shop.page(), shop.page()
    for page in (old, new):
        await page.begin()
        await page.thread()
    await shop.page().begin(identity=shop.identity())

    def age() -> None:
        long_ago = timezone.now() - timedelta(days=91)
        thread = Thread.objects.order_by("created_at").first()
        assert thread is not None
        Thread.objects.filter(pk=thread.pk).update(updated_at=long_ago)
        Visitor.objects.filter(pk=thread.visitor_id).update(seen_at=long_ago)
        Thread.objects.create(name="a member's", created_by=shop.tenant.member)
        Thread.objects.filter(name="a member's").update(updated_at=long_ago)

    await shop.tenant.run(age)
    assert await shop.tenant.run(forget_visitors) == 1
    await shop.tenant.run(forget_used)
    assert (await old.get("/api/threads/")).status_code == 401
    assert len(await new.threads()) == 1
    assert await shop.tenant.run(Thread.objects.count) == 2
    assert await shop.tenant.run(Visitor.objects.count) == 2
    assert (await old.begin(renewal=old.session["renewal"])).status_code == 201  # as somebody new


async def test_where_conversations_are_kept_for_good_only_who_never_wrote_is_forgotten(shop):
    wrote, silent, new = shop.page(), shop.page(), shop.page()
    for page in (wrote, silent, new):
        await page.begin()
    await wrote.thread()

    def age() -> None:
        Site.objects.update(kept_days=None)
        long_ago = timezone.now() - SILENT - timedelta(minutes=1)
        *older, _ = Visitor.objects.order_by("pk").values_list("pk", flat=True)
        Visitor.objects.filter(pk__in=older).update(seen_at=long_ago)
        Thread.objects.update(updated_at=long_ago)

    await shop.tenant.run(age)
    assert await shop.tenant.run(forget_visitors) == 0
    assert [(await page.get("/api/threads/")).status_code for page in (wrote, silent, new)] == [200, 401, 200]
    assert len(await wrote.threads()) == 1


async def test_a_site_goes_with_its_visitors_and_its_rules(shop):
    page = shop.page()
    await page.begin()
    await page.thread()

    def remaining() -> tuple[int, ...]:
        delete_site(shop.tenant.actor(shop.tenant.owner), Site.objects.get())
        rules = AccessRule.objects.exclude(site_id="").count()
        return Site.objects.count(), Visitor.objects.count(), Thread.objects.count(), rules

    assert await shop.tenant.run(remaining) == (0, 0, 0, 0)
    assert (await page.get("/api/threads/")).status_code == 401


async def test_the_rules_of_a_site_follow_it_and_stay_the_administrators(shop):
    def rules() -> set[str]:
        rows = AccessRule.objects.filter(site_id="shop")
        return {f"{rule.audience} {rule.action} {rule.assistant_id}" for rule in rows}

    def change() -> tuple[set[str], set[str]]:
        before = rules()
        AccessRule.objects.filter(site_id="shop", action="message.*").delete()
        site = Site.objects.get()
        site.assistant_id, site.who = "other", "identified"
        save_site(shop.tenant.actor(shop.tenant.owner), site)
        return before, rules()

    before, after = await shop.tenant.run(change)
    assert before == {"visitors assistant.* greeter", "visitors thread.* ", "visitors message.* "}
    assert after == {"identified assistant.* other", "identified thread.* "}


@pytest.mark.parametrize("who", ["member", "outsider"])
async def test_members_make_no_sites(shop, who):
    from tenants.errors import NotAllowed

    def make() -> None:
        member = getattr(shop.tenant, who)
        save_site(shop.tenant.actor(member), Site(name="Mine", assistant_id="greeter", origins=[EVIL]))

    with pytest.raises(NotAllowed):
        await shop.tenant.run(make)


async def test_a_visitor_opens_what_its_own_conversation_cites_and_reads_no_further(shop, monkeypatch):
    monkeypatch.setattr(AIAssistant.get_cls("greeter"), "has_rag", True)
    model = PlayedModel(answers=["It weighs 40 kilograms [1]."])
    monkeypatch.setattr(assistants, "chat_model", lambda *args, **kwargs: model)
    text = "# Anvils\n\n" + "".join(f"## Part {n}\n\nAn anvil of kind {n} weighs {n}0 kilograms.\n\n" for n in range(9))
    await shop.tenant.run(lambda: add_ready_document(shop.tenant, text, source="anvils.md"))
    rule = {"action": "collection.read", "audience": "visitors", "site_id": shop.site.pk, "assistant_id": "greeter"}
    await shop.tenant.run(lambda: AccessRule.objects.create(**rule))
    page, other = shop.page(), shop.page()
    await page.begin()
    await other.begin()
    answer = (await page.ask(await page.thread(), "What does an anvil of kind 4 weigh?")).json()[-1]
    [citation] = answer["citations"]
    thread = (await page.threads())[0]
    address = f"/api/threads/{thread}/messages/{answer['id']}/citations/1/"
    opened = (await page.get(address)).json()
    assert "40 kilograms" in opened["text"]
    assert (opened["before"], opened["after"]) == ("", "")
    for closed in (f"/api/passages/{citation['chunk_id']}/", f"/api/documents/{citation['document_id']}/"):
        assert (await page.get(closed)).status_code == 403
    assert (await other.get(address)).status_code == 404
