"""What a visitor meets in the frame: steps to approve, their own language, a limit, a page that may not show it."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.messages.tool import tool_call
from playwright.async_api import FrameLocator, Page, expect

from assistants import assistants
from assistants.models import Run
from embed.models import Site
from embed.snippet import inline_snippet_of
from embed.use_cases.sites import save_site
from tenants.models import AccessRule
from tenants.rules.actions import USE_TOOL
from tests.browser.embedding import Corner, answered, ask, chat_in, forgiven, loaded
from tests.browser.test_chat_page import PHONE
from tests.played_model import PlayedModel
from tests.waiting import until

pytestmark = pytest.mark.browser


def letter(number: int) -> AIMessage:
    """The model wants to send one."""
    args = {"to": f"ada{number}@acme.example", "text": "The hills are green."}
    return AIMessage(content="", tool_calls=[tool_call(name="send_letter", args=args, id=f"letter_{number}")])


async def clerks(corner: Corner, clerk: Any) -> None:
    """The site's visitors talk to the clerk, who may send letters for them."""

    def change() -> None:
        site = Site.objects.get(pk=corner.site.pk)
        site.assistant_id = clerk.id
        save_site(corner.tenant.actor(corner.tenant.owner), site)
        shared = {"audience": AccessRule.Audience.VISITORS, "site_id": site.pk, "assistant_id": clerk.id}
        AccessRule.objects.create(action=USE_TOOL, resource="send_letter", **shared)

    await corner.tenant.run(change)


async def said(chat: FrameLocator, number: int, text: str) -> None:
    """As many answers are complete, and this is the last one."""
    await expect(chat.locator("[data-testid=answer]:not([aria-busy])")).to_have_count(number)
    await expect(chat.get_by_test_id("answer-text").last).to_have_text(text)
    await expect(chat.get_by_test_id("approval")).to_have_count(0)


async def test_a_visitor_approves_edits_and_refuses_what_the_assistant_proposes(web_page, corner, clerk, monkeypatch):
    played = [letter(1), "It is sent.", letter(2), "It is sent to Bob.", letter(3), "It is not sent."]
    model = PlayedModel(answers=played)
    monkeypatch.setattr(assistants, "chat_model", lambda *args, **kwargs: model)
    await clerks(corner, clerk)
    page, chat = web_page, chat_in(web_page)
    corner.web.put("/", corner.script(open="true"))
    await page.goto(corner.web.origin("shop"))
    await loaded(chat)

    await ask(chat, "Write to Ada")
    await expect(chat.get_by_test_id("proposed-call")).to_contain_text("ada1@acme.example")
    assert await corner.tenant.run(lambda: Run.objects.get().status) == "waiting"
    await chat.get_by_test_id("approve").click()
    await said(chat, 1, "It is sent.")

    await ask(chat, "Write to Bob")
    await chat.get_by_test_id("edit-arguments").click()
    await chat.get_by_test_id("json").fill('{"to": "bob@acme.example", "text": "Hello"}')
    await chat.get_by_test_id("approve-changed").click()
    await said(chat, 2, "It is sent to Bob.")

    await ask(chat, "Write to Ada again")
    await expect(chat.get_by_test_id("proposed-call")).to_contain_text("ada3@acme.example")
    await page.reload()  # the page around it: the question is still there
    await expect(chat.get_by_test_id("proposed-call")).to_contain_text("ada3@acme.example")
    await chat.get_by_test_id("refuse").click()
    await chat.get_by_test_id("reason").fill("She is away.")
    await chat.get_by_test_id("refuse-now").click()
    await said(chat, 3, "It is not sent.")

    first, second, third = [message.text for message in model.asked[-1] if message.type == "tool"]
    assert first == "sent to ada1@acme.example: The hills are green."
    assert second == "sent to bob@acme.example: Hello"
    assert "She is away." in third
    assert await corner.tenant.run(lambda: set(Run.objects.values_list("status", flat=True))) == {"completed"}


async def test_it_speaks_the_language_of_the_page_where_the_site_allows_it(web_page, corner):
    page, chat = web_page, chat_in(web_page)
    loads: list[str] = []
    page.on(
        "request", lambda request: loads.append(request.url.rpartition("/")[2]) if "/locales/" in request.url else None
    )
    for allowed, attribute, language, placeholder in (
        ([], "", "en", "Ask a question"),  # of the page itself
        ([], "pt_BR", "pt", "Faça uma pergunta"),
        (["de", "ar"], "fr", "de", "Frage stellen"),  # the site's favourite
        (["de", "ar"], "ar-EG", "ar", "اطرح سؤالًا"),
    ):
        await corner.change(languages=allowed)
        corner.web.put("/", corner.script(open="true", locale=attribute))
        await page.goto(corner.web.origin("shop"))
        await loaded(chat)
        await expect(chat.get_by_test_id("composer")).to_have_attribute("placeholder", placeholder)
        await expect(chat.locator("html")).to_have_attribute("lang", language)
        assert loads == [f"{language}.js"]
        loads.clear()
    # Arabic: the panel is closed at the left, and what an English assistant says still runs to the right.
    await expect(chat.locator("html")).to_have_attribute("dir", "rtl")
    title, close = [await chat.get_by_test_id(name).bounding_box() for name in ("thread-title", "close-chat")]
    assert title
    assert close
    assert close["x"] < title["x"]
    await ask(chat)
    await answered(chat)
    text = chat.get_by_test_id("answer-text").locator("p").first
    assert await text.evaluate("(element) => getComputedStyle(element).direction") == "ltr"


async def test_who_has_reached_a_limit_reads_for_how_long_and_where_to_turn_to(web_page, corner, browser_errors):
    page, chat = web_page, chat_in(web_page)
    await corner.change(messages_a_day=1, fallback="Call us: 555-0100.")
    corner.web.put("/", corner.script(open="true", locale="de"))
    await page.goto(corner.web.origin("shop"))
    await loaded(chat)
    await ask(chat)
    await answered(chat)
    await ask(chat, "And on Sundays?")
    await expect(chat.get_by_test_id("error")).to_contain_text("Versuchen Sie es in ")
    await expect(chat.get_by_test_id("fallback")).to_have_text("Call us: 555-0100.")
    await forgiven(browser_errors, 429)
    await corner.change(messages_a_day=2)
    await chat.get_by_test_id("retry").click()  # nothing that was written is lost
    await answered(chat, 2)
    await expect(chat.get_by_test_id("fallback")).to_have_count(0)


async def test_a_page_that_may_not_show_it_says_so_in_its_own_language_and_can_be_closed(
    web_page, corner, browser_errors
):
    page, evil = web_page, corner.web.origin("evil")
    await page.set_viewport_size(PHONE)
    await page.clock.install()
    corner.web.put("/", corner.script(locale="de"))
    await page.goto(evil)
    await page.get_by_role("button", name="Shop").click()
    refusal = page.get_by_role("alert").filter(has_text="Der Chat kann auf dieser Seite nicht angezeigt werden.")
    await _refused(page, refusal)
    await page.get_by_role("button", name="Shop").click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    corner.web.put(
        "/", inline_snippet_of(corner.site, corner.host).replace("<atrium-chat", "<atrium-chat data-locale=ar")
    )
    await page.goto(evil)
    await _refused(page, page.get_by_role("alert").filter(has_text="لا يمكن عرض الدردشة في هذه الصفحة."))
    assert all("frame-ancestors" in each or "did not open" in each for each in browser_errors)
    browser_errors.clear()


async def _refused(page: Page, refusal: Any) -> None:
    """The launcher's patience has ended, which is spared the test."""

    async def told() -> bool:
        await page.clock.run_for(1000)
        return await refusal.is_visible()

    await until(told, "the page is told that the chat does not open")


async def test_on_a_phone_it_ends_above_the_keyboard_and_stays_as_it_is_for_who_zooms_in(web_page, corner):
    page = web_page
    await page.set_viewport_size(PHONE)
    corner.web.put("/", corner.script(open="true"))
    await page.goto(corner.web.origin("shop"))
    panel = page.get_by_role("dialog")
    seen = """([height, offsetTop, scale]) => {
        for (const [name, value] of Object.entries({height, offsetTop, scale}))
            Object.defineProperty(visualViewport, name, {value, configurable: true});
        visualViewport.dispatchEvent(new Event("resize"));
    }"""
    for viewport, top, height in (([500, 60, 1], 60, 500), ([422, 100, 2], 0, 844), ([844, 0, 1], 0, 844)):
        await page.evaluate(seen, viewport)
        assert await panel.bounding_box() == {"x": 0, "y": top, "width": PHONE["width"], "height": height}
