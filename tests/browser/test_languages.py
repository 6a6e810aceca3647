"""The chat speaks the reader's language: its words, its direction, and what the server's refusals mean."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tenants.models import AccessRule
from tests.browser.test_chat_page import sign_in

pytestmark = pytest.mark.browser


async def page_of(page: Page, locale: str) -> Page:
    """A page of a reader whose browser speaks ``locale``."""
    assert page.context.browser
    context = await page.context.browser.new_context(locale=locale, timezone_id="Europe/Berlin")
    return await context.new_page()


async def test_an_arab_reader_finds_the_chat_from_right_to_left(page, server, acme):
    arabic = await page_of(page, "ar-EG")
    asked: list[str] = []
    arabic.on("request", lambda request: asked.append(request.url))
    await sign_in(arabic, server, acme)
    await expect(arabic.locator("html")).to_have_attribute("dir", "rtl")
    await expect(arabic.locator("html")).to_have_attribute("lang", "ar")
    await expect(arabic.get_by_test_id("composer")).to_have_attribute("placeholder", "اطرح سؤالًا")
    await expect(arabic.get_by_test_id("sign-out")).to_have_text("تسجيل الخروج")
    boxes = [await arabic.get_by_test_id(name).bounding_box() for name in ("threads", "composer")]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["x"] > boxes[1]["x"]
    assert [url.rsplit("/", 1)[1] for url in asked if "/locales/" in url] == ["ar.js"]


async def test_an_english_answer_stands_from_left_to_right_in_it(page, server, acme):
    arabic = await page_of(page, "ar")
    await sign_in(arabic, server, acme)
    await arabic.get_by_test_id("composer").fill("What is an anvil?")
    await arabic.get_by_test_id("composer").press("Enter")
    text = arabic.get_by_test_id("answer-text").locator("p").first
    await expect(text).to_be_visible()
    await expect(text).to_have_css("direction", "ltr")  # looked up again where the answer is drawn anew
    assert await arabic.get_by_test_id("question").evaluate("(element) => getComputedStyle(element).direction") == "rtl"


async def test_a_refusal_is_said_in_the_readers_language(page, server, acme):
    await acme.run(lambda: AccessRule.objects.filter(action="assistant.*").delete())
    german = await page_of(page, "de-AT")
    await sign_in(german, server, acme)
    await expect(german.get_by_test_id("no-assistant")).to_contain_text("noch kein Assistent freigegeben")


async def test_a_reader_whose_language_is_not_there_reads_english(page, server, acme):
    dutch = await page_of(page, "nl")
    await sign_in(dutch, server, acme)
    await expect(dutch.locator("html")).to_have_attribute("lang", "en")
    await expect(dutch.get_by_test_id("sign-out")).to_have_text("Sign out")


async def test_words_that_do_not_come_are_asked_for_again_and_missed_in_the_readers_language(page, server, acme):
    german = await page_of(page, "de")
    await german.route("**/locales/de.js", lambda route: route.abort())
    await sign_in(german, server, acme)
    await expect(german.get_by_test_id("composer")).to_have_attribute("placeholder", "Frage stellen")
    await german.route("**/locales/de.js?again", lambda route: route.abort())
    await german.reload()
    missed = german.get_by_test_id("not-loaded")
    await expect(missed).to_contain_text("Der Chat konnte nicht geladen werden.")
    await german.unroute_all()
    await missed.get_by_role("button", name="Seite neu laden").click()
    await expect(german.get_by_test_id("composer")).to_be_visible()
