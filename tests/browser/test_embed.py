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
from embed.models import Site
from embed.snippet import snippet_of
from embed.use_cases.sites import new_identity_secret, save_site
from tenants.models import Visitor
from tests.browser.chromium import ARGUMENTS, system_chromium
from tests.browser.conftest import listen
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
        context = await browser.new_context(locale="en-GB")
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
    return page.frame_locator("iframe")


async def opened(page: Page) -> FrameLocator:
    """The chat behind the button, loaded."""
    await page.get_by_role("button", name="Shop").click()
    chat = chat_in(page)
    await expect(chat.locator("atrium-chat[data-ready]")).to_be_visible()
    return chat


async def ask(chat: FrameLocator, question: str = "Are you open?") -> None:
    await chat.get_by_test_id("composer").fill(question)
    await chat.get_by_test_id("composer").press("Enter")


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
