"""A site's chat in pages of other origins, in a real browser: where it opens, what it does there, and who it is for."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from assistants.models import Run, Thread
from embed.models import Site, VisitorSession
from embed.snippet import inline_snippet_of, page_link_of
from tenants.models import Visitor
from tests.browser.embedding import OPEN_SHADOWS, VISITOR, answered, ask, chat_in, forgiven, loaded, opened
from tests.browser.test_chat_page import PHONE
from tests.waiting import until

pytestmark = pytest.mark.browser

STRICT = "default-src 'none'; script-src {host}; frame-src {host}; require-trusted-types-for 'script'"


async def test_it_opens_in_the_pages_that_the_site_names_under_a_strict_policy_and_in_no_other(
    web_page, corner, browser_errors
):
    page, web = web_page, corner.web
    strict = {
        "Content_Security_Policy": STRICT.format(host=corner.host),
        "Cross_Origin_Embedder_Policy": "require-corp",
    }
    web.put("/", corner.snippet, **strict)
    web.put("/thief", f"<iframe src='{corner.host}/embed/frame/?key={corner.site.public_key}'></iframe>")
    for host in ("shop", "a.b.pages"):
        await page.goto(web.origin(host))
        chat = await opened(page)
        await expect(chat.get_by_text("How can we help?")).to_be_visible()
        await ask(chat)
        await answered(chat)
        assert await page.evaluate("document.cookie + Object.keys(localStorage) + Object.keys(sessionStorage)") == ""
        assert await page.evaluate("Object.keys(window).filter((name) => /atrium/i.test(name))") == ["Atrium"]
    assert await corner.tenant.run(Visitor.objects.count) == 2
    assert browser_errors == []

    for path in ("/", "/thief"):
        await page.goto(web.origin("evil") + path)
        if path == "/":
            await page.get_by_role("button", name="Shop").click()
        await until(lambda: _said(browser_errors, "frame-ancestors"), f"the frame is refused at {path}")
        browser_errors.clear()
    # A script of the stranger's, with the key and with a token that it has stolen.
    refused = await page.evaluate(
        """async ([host, key, origin]) => {
            const asked = (body) => fetch(`${host}/embed/session/`, {method: "POST", body: JSON.stringify(body),
                headers: {"Content-Type": "text/plain"}}).then(r => r.status, () => "refused");
            return [await asked({key}), await asked({key, origin})];
        }""",
        [corner.host, corner.site.public_key, web.origin("shop")],
    )
    assert refused == ["refused", "refused"]
    assert await corner.tenant.run(Visitor.objects.count) == 2
    browser_errors.clear()


async def _said(errors: list[str], words: str) -> bool:
    return any(words in each for each in errors)


async def test_a_conversation_outlives_a_reload_and_a_lost_network_and_is_one_in_two_tabs(
    web_page, corner, browser_errors
):
    page, chat = web_page, chat_in(web_page)
    corner.web.put("/", corner.script(open="true"))
    await page.goto(corner.web.origin("shop"))
    await loaded(chat)
    corner.gate.clear()
    await ask(chat)
    await expect(chat.get_by_test_id("answer-text")).to_have_text("First words.")
    await page.reload()
    await expect(chat.get_by_test_id("question")).to_contain_text("Are you open?")
    await expect(chat.get_by_test_id("answer-text")).to_have_text("First words.")
    corner.gate.set()
    await answered(chat)

    corner.gate.clear()
    await ask(chat, "And tomorrow?")
    await expect(chat.get_by_test_id("answer-text").last).to_have_text("First words.")
    await page.context.set_offline(True)
    corner.gate.set()
    await until(
        lambda: corner.tenant.run(lambda: Run.objects.filter(status="completed").count() == 2), "it is answered"
    )
    await page.context.set_offline(False)
    await answered(chat, 2)
    browser_errors.clear()  # the network was away

    tab = await page.context.new_page()
    await tab.goto(corner.web.origin("shop"))
    await answered(chat_in(tab), 2)
    await ask(chat_in(tab), "And on Sunday?")
    await answered(chat_in(tab), 3)
    await answered(chat, 3)
    assert await corner.tenant.run(lambda: (Visitor.objects.count(), Thread.objects.count())) == (1, 1)


async def test_somebody_who_is_identified_keeps_what_was_said_and_logging_out_forgets_it(
    web_page, corner, browser_errors
):
    page, chat = web_page, chat_in(web_page)
    corner.web.put("/", corner.script(open="true"))
    await page.goto(corner.web.origin("shop"))
    await loaded(chat)
    await ask(chat)
    await answered(chat)
    said = f"token => {{ const told = {VISITOR}; Atrium.identify(token); return told; }}"
    assert await page.evaluate(said, corner.identity("ada")) is True
    await answered(chat)
    people = await corner.tenant.run(lambda: list(Visitor.objects.values_list("subject", flat=True)))
    assert people == ["ada"]

    assert await page.evaluate(f"() => {{ const told = {VISITOR}; Atrium.logout(); return told; }}") is False
    await loaded(chat)
    await expect(chat.get_by_test_id("answer")).to_have_count(0)
    await expect(chat.get_by_test_id("thread")).to_have_count(0)
    kept = await page.frames[-1].evaluate("Object.values(localStorage).length")
    assert kept == 1  # the renewal of somebody new
    # A function is asked whenever a statement is needed: each is good for once.
    await page.expose_function("statement", lambda: corner.identity("ada"))
    asked = f"() => {{ const told = {VISITOR}; Atrium.identify(() => window.statement()); return told; }}"
    assert await page.evaluate(asked) is True
    await expect(chat.get_by_test_id("thread")).to_have_count(1)
    await page.reload()
    await expect(chat.get_by_test_id("thread")).to_have_count(1)
    # A statement that is not taken is told to the page, and the visitor stays who it was.
    wrong = "() => new Promise(told => { Atrium.on('error', ({code}) => told(code)); Atrium.identify('nonsense'); })"
    assert await page.evaluate(wrong) == "wrong_identity"
    await forgiven(browser_errors, 403)
    await loaded(chat)
    await expect(chat.get_by_test_id("thread")).to_have_count(1)


async def test_it_is_used_by_keyboard_alone_and_gives_the_focus_back(web_page, corner):
    page, chat = web_page, chat_in(web_page)
    corner.web.put("/", f"<a href='#'>A link</a>{corner.snippet}")
    await page.goto(corner.web.origin("shop"))
    button = page.get_by_role("button", name="Shop")
    await expect(button).to_have_attribute("aria-expanded", "false")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(button).to_be_focused()
    await page.keyboard.press("Enter")
    await loaded(chat)
    await expect(button).to_have_attribute("aria-expanded", "true")
    await expect(chat.get_by_test_id("composer")).to_be_focused()
    corner.gate.clear()
    await page.keyboard.type("Are you open?")
    await page.keyboard.press("Enter")
    await expect(chat.get_by_test_id("answer-text")).to_have_text("First words.")
    await page.keyboard.press("Escape")  # stops the answer, and no more
    await expect(chat.get_by_test_id("stopped")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(button).to_be_focused()
    # The page's own way in: the focus goes back to where it was.
    await page.get_by_role("link").focus()
    await page.evaluate("Atrium.open()")
    await expect(chat.get_by_test_id("composer")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("link")).to_be_focused()


async def test_it_lives_in_single_page_apps_more_than_once_and_on_a_phone(web_page, corner, browser_errors):
    page, web = web_page, corner.web
    queued = "<script>Atrium = [['on', 'answer', () => document.title = 'answered'], ['ask', 'Are you open?']]</script>"
    web.put("/", f"{queued}{corner.snippet}{corner.snippet}<main>One</main>")
    await page.goto(web.origin("shop"))
    chat = chat_in(page)
    await answered(chat)
    await expect(page).to_have_title("answered")
    await expect(page.get_by_role("button", name="Shop")).to_have_count(1)
    await page.evaluate("history.pushState(null, '', '/two'); document.body.innerHTML = '<main>Two</main>'")
    await answered(chat)
    # In the page itself: put in, taken out, and put somewhere else, in another element's shadow.
    await page.evaluate(
        "key => { window.chat = document.createElement('atrium-chat'); chat.dataset.site = key;"
        " document.body.append(chat) }",
        corner.site.public_key,
    )
    inline = page.locator("atrium-chat").frame_locator("iframe")
    await answered(inline)  # what the same visitor has said beside it
    await page.evaluate(
        "chat.remove(); const box = document.createElement('section'); document.body.append(box);"
        "box.attachShadow({mode: 'open'}).append(chat)"
    )
    await answered(inline)
    assert await corner.tenant.run(Visitor.objects.count) == 1
    # By a selector that finds nothing yet.
    web.put("/later", corner.script(target="#here"))
    await page.goto(f"{web.origin('shop')}/later")
    await page.evaluate("document.body.innerHTML = '<div id=here></div>'")
    await answered(chat_in(page))

    await page.set_viewport_size(PHONE)
    await page.goto(web.origin("shop"))
    await answered(chat_in(page), 2)  # the page has asked again
    panel = page.get_by_role("dialog")
    assert await panel.bounding_box() == {"x": 0, "y": 0, **PHONE}
    await expect(page.get_by_role("button", name="Shop")).to_be_hidden()
    assert await page.frames[-1].evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    await chat.get_by_test_id("close-chat").click()
    await expect(page.get_by_role("button", name="Shop")).to_be_visible()


async def test_messages_that_only_look_like_ours_do_nothing(web_page, corner):
    page, web = web_page, corner.web
    web.put("/", corner.script(open="true"))
    web.put("/stranger", "<script>parent.postMessage({atrium: 1, type: 'close'}, '*')</script>")
    await page.goto(web.origin("shop"))
    chat = chat_in(page)
    await loaded(chat)
    await ask(chat)
    await answered(chat)
    heard = "new Promise(heard => addEventListener('message', e => heard(e.data.type), {once: true}))"
    stranger = "const frame = document.createElement('iframe'); frame.src = url; document.body.append(frame)"
    assert await page.evaluate(f"url => {{ {stranger}; return {heard} }}", web.origin("evil") + "/stranger") == "close"
    await page.evaluate(f"postMessage({{atrium: 1, type: 'close'}}, '*'); {heard}")
    frame = next(each for each in page.frames if "/embed/frame/" in each.url)
    await frame.evaluate(f"postMessage({{atrium: 1, type: 'logout'}}, '*'); {heard}")
    await page.evaluate(
        """() => {
            const frame = document.documentElement.lastElementChild.shadowRoot.querySelector("iframe").contentWindow;
            for (const data of [null, 7, "logout", {type: "logout"}, {atrium: 2, type: "logout"}, {atrium: 1},
                                {atrium: 1, type: "ask", text: {}}, {atrium: 1, type: "identify"}])
                frame.postMessage(data, "*");
        }"""
    )
    await ask(chat, "Still there?")
    await answered(chat, 2)
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await corner.tenant.run(VisitorSession.objects.count) == 1


async def test_it_asks_for_consent_first_and_says_when_it_is_closed_or_wants_to_know_who_is_there(
    page, corner, browser_errors
):
    """Also where a browser keeps nothing for frames, as Playwright's does: memory has to do."""
    await page.context.add_init_script(OPEN_SHADOWS)
    corner.web.put("/", inline_snippet_of(corner.site, corner.host))
    chat = chat_in(page)
    await corner.change(consent="What you write is kept for 90 days.")
    await page.goto(corner.web.origin("shop"))
    await expect(chat.get_by_test_id("consent")).to_contain_text("kept for 90 days")
    assert await corner.tenant.run(Visitor.objects.count) == 0
    await chat.get_by_test_id("agree").click()
    await ask(chat)
    await answered(chat)

    await corner.change(consent="", who=Site.Who.IDENTIFIED)
    await page.goto(corner.web.origin("shop"))
    await expect(chat.get_by_test_id("sign-in-first")).to_be_visible()
    await forgiven(browser_errors, 403)
    await page.evaluate("token => Atrium.identify(token)", corner.identity("ada"))
    await loaded(chat)
    await page.goto("about:blank")  # what it still asks for would be refused
    await corner.change(enabled=False, fallback="Call us: 555-0100.")
    await page.goto(corner.web.origin("shop"))
    await expect(chat.get_by_test_id("closed")).to_have_text("Call us: 555-0100.")

    await corner.change(enabled=True, who=Site.Who.ANYONE)
    link = page_link_of(corner.site, corner.host)
    assert link is not None
    await page.goto(link)
    await expect(page.locator("atrium-chat[data-ready]")).to_be_visible()
    await page.get_by_test_id("composer").fill("Are you open?")
    await page.get_by_test_id("composer").press("Enter")
    await expect(page.get_by_test_id("answer-text")).to_have_text("First words. Last words.")
