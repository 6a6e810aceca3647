"""The playground in a real browser: a draft is tried, its answer explained, and the settings saved."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from assistants.models import ConfiguredAssistant
from tests.browser.test_chat_page import QUESTION, REFUNDS
from tests.browser.test_console import console, open_page
from tests.documents import add_ready_document

pytestmark = pytest.mark.browser
__all__ = ["console"]  # a fixture


async def test_an_assistant_is_tried_with_the_keyboard_on_a_phone_and_then_saved(console, acme):
    await acme.run(lambda: add_ready_document(acme, REFUNDS, source="refunds.md"))
    await console.set_viewport_size({"width": 390, "height": 844})
    await open_page(console, "assistants/configuredassistant/docs_assistant/playground/")
    await expect(console.locator(".console-playground[data-ready]")).to_be_visible()
    draft = console.get_by_test_id("draft")
    await draft.locator("summary").focus()
    await console.keyboard.press("Enter")
    await expect(draft.locator("[data-field=collections]")).to_be_hidden()
    await draft.locator("[name=knowledge]").select_option("chosen")
    await draft.get_by_label("Pages").check()
    await draft.locator("[name=grounded]").select_option("yes")
    await draft.locator("[name=unsupported_answer]").fill("Nobody wrote that down.")
    await console.get_by_label("Your question").fill(QUESTION)
    await console.keyboard.press("Enter")
    await expect(console.get_by_test_id("trial-answer")).to_contain_text("90 days")
    details = console.get_by_test_id("trial-details")
    await expect(details.get_by_test_id("passages")).to_contain_text("score")
    await expect(details.get_by_test_id("trial-tokens")).to_contain_text("in")
    assert await console.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not await acme.run(ConfiguredAssistant.objects.exists)
    await console.get_by_role("button", name="Save for everybody").click()
    await expect(console.get_by_test_id("draft-saved")).to_contain_text("Saved")
    stored = await acme.run(ConfiguredAssistant.objects.get)
    assert (stored.knowledge, stored.grounded) == ("chosen", True)
    assert stored.unsupported_answer == "Nobody wrote that down."


async def test_the_chat_offers_an_assistants_own_questions(console, acme):
    def with_a_question() -> None:
        ConfiguredAssistant.objects.create(
            pk="own-desk", base="general", name="A desk", starter_questions=["My mouse?"]
        )

    await acme.run(with_a_question)
    await open_page(console, "../")
    await console.get_by_test_id("assistant-picker").select_option("own-desk")
    await expect(console.get_by_test_id("starter")).to_have_text(["My mouse?"])
    await console.get_by_test_id("assistant-picker").select_option("docs_assistant")
    await expect(console.get_by_test_id("starter")).to_have_count(3)


async def test_an_assistants_form_and_the_list_fit_on_a_phone(console, acme):
    row = {"pk": "own-desk", "base": "general", "name": "A desk", "tools": ["create_issue"], "knowledge": "chosen"}
    await acme.run(lambda: ConfiguredAssistant.objects.create(**row))
    await console.set_viewport_size({"width": 390, "height": 844})
    for path in ("", "own-desk/change/", "add/"):
        await open_page(console, f"assistants/configuredassistant/{path}")
        assert await console.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
