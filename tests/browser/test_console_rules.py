"""Access rules in a real browser: fields come and go with what is chosen, drafts are tried, and questions answered."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.test_console import console, open_page

pytestmark = pytest.mark.browser
__all__ = ["console"]  # a fixture

RULES = "tenants/accessrule/"
WIDTHS = pytest.mark.parametrize("width", [1280, 390])


async def fits(page: Page) -> bool:
    return await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


async def test_only_the_fields_of_the_chosen_audience_and_action_are_shown(console):
    await open_page(console, f"{RULES}add/")
    role, member, tool = (console.locator(f"[name={name}]") for name in ("role", "member", "tool"))
    await expect(role).to_be_hidden()
    await console.locator("[name=audience]").select_option("role")
    await expect(role).to_be_visible()
    await console.locator("[name=audience]").select_option("member")
    await expect(role).to_be_hidden()
    await expect(member).to_be_visible()
    await expect(tool).to_be_hidden()
    await console.locator("[name=action]").select_option("tool.use")
    await expect(tool).to_be_visible()
    await expect(console.locator("[name=runs_per_minute]")).to_be_hidden()


@WIDTHS
async def test_a_draft_is_tried_and_then_saved(console, width):
    await console.set_viewport_size({"width": width, "height": 844})
    await open_page(console, f"{RULES}add/")
    await console.locator("[name=effect]").select_option("deny")
    await console.locator("[name=assistant_id]").select_option("docs_assistant")
    await console.get_by_role("button", name="Preview").click()
    preview = console.get_by_test_id("preview")
    await expect(preview.get_by_test_id("lose")).to_contain_text("member, outsider, owner")
    await expect(preview).to_contain_text("Nothing is saved yet.")
    await expect(console.locator("[name=effect]")).to_have_value("deny")
    assert await fits(console)
    await console.get_by_role("button", name="Save").click()
    await expect(console.locator("#result_list")).to_contain_text("may not see and run")
    assert await fits(console)


@WIDTHS
async def test_the_console_answers_who_may_do_what(console, width):
    await console.set_viewport_size({"width": width, "height": 844})
    await open_page(console, f"{RULES}explain/")
    await console.get_by_label("Who").fill("member")
    await console.get_by_label("What", exact=True).select_option("assistant.run")
    await console.get_by_label("With which assistant").select_option("docs_assistant")
    await console.get_by_role("button", name="Ask").click()
    await expect(console.get_by_test_id("answer")).to_contain_text("Allowed by rule")
    await expect(console.get_by_test_id("verdicts").locator("li").first).to_contain_text("decides")
    assert await fits(console)


async def test_the_list_leads_to_the_page_that_explains(console):
    await open_page(console, RULES)
    await console.get_by_role("link", name="Who may do what?").click()
    await expect(console.get_by_test_id("question")).to_be_visible()
