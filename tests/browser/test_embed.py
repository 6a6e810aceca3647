"""A site's chat in pages of other origins, in a real browser: where it opens, what it does there, and who it is for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from playwright.async_api import FrameLocator, Page, async_playwright, expect

from assistants import AIAssistant, assistants
from assistants.models import Run, Thread
from embed.models import Site, VisitorSession
from embed.snippet import inline_snippet_of, page_link_of, snippet_of
from embed.use_cases.sites import new_identity_secret, save_site
from tenants.models import Visitor
from tests.browser.chromium import ARGUMENTS, system_chromium
from tests.browser.conftest import listen
from tests.browser.test_chat_page import PHONE
from tests.browser.web_pages import WebPages, serving
from tests.played_model import PlayedModel
from tests.somewhere import Helper
from tests.waiting import until

pytestmark = pytest.mark.browser

PARTED = "--disable-features=Translate,HttpsUpgrades,PaintHolding"  # in the place of Playwright's longer list
PATIENCE = 20_000  # milliseconds: over as soon as what is waited for is there
OPEN_SHADOWS = """
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) { return attach.call(this, {...options, mode: "open"}); };
"""
STRICT = "default-src 'none'; script-src {host}; frame-src {host}; require-trusted-types-for 'script'"


class GatedModel(PlayedModel):
    """Says the first words, waits until the gate is open, and says the rest."""

    gate: Any = None

    async def _astream(self, messages, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        for words in ("First words.", " Last words."):
            yield ChatGenerationChunk(message=AIMessageChunk(content=words))
            await self.gate.wait()


@dataclass
class Corner:
    """A site of acme's, pages that show it, and the model that answers there."""

    server: Any
    tenant: Any
    web: WebPages
    site: Site
    secret: str
    gate: asyncio.Event
    number: Iterator[int] = field(default_factory=lambda: iter(range(1000)))

    @property
    def host(self) -> str:
        return f"http://{self.tenant.host}:{self.server.port}"

    @property
    def snippet(self) -> str:
        return snippet_of(self.site, self.host)

    def script(self, **data: str) -> str:
        """The snippet, with attributes."""
        said = " ".join(f'data-{name.replace("_", "-")}="{value}"' for name, value in data.items())
        return self.snippet.replace("<script async", f"<script async {said}")

    def identity(self, subject: str) -> str:
        """What acme's server says of somebody."""
        now = int(time.time())
        claims = {"aud": self.site.public_key, "sub": subject, "iat": now, "exp": now + 300}
        return jwt.encode({**claims, "jti": f"{subject}-{next(self.number)}"}, self.secret, algorithm="HS256")

    async def change(self, **fields: Any) -> None:
        await self.tenant.run(lambda: Site.objects.filter(pk=self.site.pk).update(**fields))


@pytest.fixture
async def web_page(corner, browser_errors) -> AsyncIterator[Page]:
    """A page of a browser that keeps what frames store apart for each page around them, as browsers of people do;
    Playwright's own switches would have them store nothing. The test, too, finds what is in closed shadow roots."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=system_chromium(), args=[*ARGUMENTS, PARTED])
        context = await browser.new_context(locale="en-GB", reduced_motion="reduce")
        await context.add_init_script(OPEN_SHADOWS)
        page = await context.new_page()
        listen(page, browser_errors)
        yield page
        await browser.close()
    assert browser_errors == []


@pytest.fixture
async def corner(server, acme, monkeypatch) -> AsyncIterator[Corner]:
    known = AIAssistant.get_cls_registry()
    before = dict(known)
    gate = asyncio.Event()
    gate.set()
    model = GatedModel(answers=[""], gate=gate)
    monkeypatch.setattr(assistants, "chat_model", lambda *args, **kwargs: model)

    class Greeter(Helper):
        id = "greeter"
        name = "Greeter"

    async with serving() as web:
        origins = [web.origin("shop"), web.origin("*.pages"), f"http://{acme.host}:{server.port}"]

        def make() -> tuple[Site, str]:
            site = Site(name="Shop", assistant_id="greeter", origins=origins, greeting="How can we help?")
            save_site(acme.actor(acme.owner), site)
            return site, new_identity_secret(acme.actor(acme.owner), site)

        site, secret = await acme.run(make)
        yield Corner(server, acme, web, site, secret, gate)
    gate.set()
    known.clear()
    known.update(before)


def chat_in(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[src*='/embed/frame/']").first


async def opened(page: Page) -> FrameLocator:
    """The chat behind the button, loaded."""
    await page.get_by_role("button", name="Shop").click()
    chat = chat_in(page)
    await loaded(chat)
    return chat


async def ask(chat: FrameLocator, question: str = "Are you open?") -> None:
    await chat.get_by_test_id("composer").fill(question)
    await chat.get_by_test_id("composer").press("Enter")


async def loaded(chat: FrameLocator) -> None:
    await expect(chat.locator("atrium-chat[data-ready]")).to_be_visible()


async def answered(chat: FrameLocator, number: int = 1) -> None:
    await expect(chat.locator("[data-testid=answer]:not([aria-busy])")).to_have_count(number)
    await expect(chat.get_by_test_id("answer-text").last).to_have_text("First words. Last words.")


async def test_it_opens_in_the_pages_that_the_site_names_under_a_strict_policy_and_in_no_other(
    web_page, corner, browser_errors
):
    page, web = web_page, corner.web
    web.put("/", corner.snippet, Content_Security_Policy=STRICT.format(host=corner.host))
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


VISITOR = "new Promise(told => { const end = Atrium.on('visitor', ({identified}) => { end(); told(identified) }) })"


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
    assert await _said(browser_errors, "403")
    browser_errors.clear()
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
    expect.set_options(timeout=PATIENCE)
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
    browser_errors.clear()
    await page.evaluate("token => Atrium.identify(token)", corner.identity("ada"))
    await loaded(chat)
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
