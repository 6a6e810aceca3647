"""A real, headless Chromium, and a page for each test. It finds ``*.localhost`` on this machine without being told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import ConsoleMessage, Page, Response, expect

from assistants import AIAssistant, assistants, method_tool
from embed.models import Site
from embed.use_cases.sites import new_identity_secret, save_site
from tests.browser.chromium import Chromium
from tests.browser.embedding import OPEN_SHADOWS, PARTED, Corner, GatedModel
from tests.browser.web_pages import serving
from tests.integration.atrium.conftest import operator  # noqa: F401  the fixture
from tests.somewhere import Helper

expect.set_options(timeout=60_000)  # milliseconds: over as soon as what is waited for is there


@pytest.fixture
def browser_errors() -> list[str]:
    """What the browser complained about so far: scripts, refused content, failed requests.

    ``page`` asserts at its end that nothing is in it. A test that provokes a complaint asserts it, and clears it.
    """
    return []


@pytest.fixture(scope="session")
def chromium(tmp_path_factory) -> Iterator[Chromium]:
    """A browser as Playwright sets it up."""
    running = Chromium(tmp_path_factory.mktemp("chromium"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def parting_chromium(tmp_path_factory) -> Iterator[Chromium]:
    """A browser that keeps what frames store apart for each page around them, as browsers of people do; Playwright's
    own switches would have them store nothing."""
    running = Chromium(tmp_path_factory.mktemp("parting-chromium"), PARTED)
    yield running
    running.stop()


@pytest.fixture
async def page(chromium, server, browser_errors) -> AsyncIterator[Page]:
    """An empty page that shares nothing with any other test's, with the server running."""
    async with chromium.connected() as browser:
        context = await browser.new_context(locale="en-GB", timezone_id="Europe/Berlin")
        page = await context.new_page()
        listen(page, browser_errors)
        yield page
    assert browser_errors == []


def listen(page: Page, errors: list[str]) -> None:
    """Note what the browser complains about."""

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            errors.append(f"{page.url}: {message.text}")

    def on_response(response: Response) -> None:
        if response.status >= 400:
            errors.append(f"{response.status} {response.url}")

    page.on("console", on_console)
    page.on("response", on_response)
    page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))


@pytest.fixture
async def web_page(parting_chromium, corner, browser_errors) -> AsyncIterator[Page]:
    """An empty page for web pages of others. The test finds what is in closed shadow roots, too."""
    async with parting_chromium.connected() as browser:
        context = await browser.new_context(locale="en-GB", reduced_motion="reduce")
        await context.add_init_script(OPEN_SHADOWS)
        page = await context.new_page()
        listen(page, browser_errors)
        yield page
    assert browser_errors == []


@pytest.fixture
async def corner(server, acme, monkeypatch) -> AsyncIterator[Corner]:
    """acme's site "Shop", for pages of three kinds of origins."""
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


@pytest.fixture
def clerk() -> Iterator[type[AIAssistant]]:
    """An assistant with two tools, one of which a person has to approve."""
    known = AIAssistant.get_cls_registry()
    before = dict(known)

    class Clerk(AIAssistant):
        id = "clerk"
        name = "Clerk"
        instructions = "You keep the office in order."
        model = "gpt-test"

        @method_tool
        def find_letters(self, about: str) -> str:
            """Find letters."""
            if about == "ghosts":
                raise ValueError("no such thing")
            return f"two letters about {about}"

        @method_tool(requires_approval=True)
        def send_letter(self, to: str, text: str) -> str:
            """Send a letter."""
            return f"sent to {to}: {text}"

    yield Clerk
    known.clear()
    known.update(before)
