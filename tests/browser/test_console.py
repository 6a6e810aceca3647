"""A tenant's console in a real browser: what needs its scripts works, and nothing is refused by the policy."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from langchain_core.messages import AIMessage, HumanMessage, message_to_dict
from playwright.async_api import Page, expect

from assistants.models import Message, Run, Thread
from tenants.context import tenant_context
from tests.documents import add_ready_document
from tests.factories import PASSWORD
from tests.receipts import make_run

pytestmark = pytest.mark.browser


@pytest.fixture
def thread(acme) -> Thread:
    with tenant_context(acme.ref):
        thread = Thread.objects.create(name="Anvils", created_by=acme.member, assistant_id="docs_assistant")
        run = Run.objects.create(thread=thread, assistant_id="docs_assistant", actor_kind="member", status="completed")
        answer = AIMessage("Yes, **all** of them [1].\n\n<img src=x onerror=alert(1)> [a](javascript:alert(2))")
        citations = [{"number": 1, "title": "Anvil care", "quote": "All anvils are heavy."}]
        for message, cited in ((HumanMessage("Are anvils heavy?"), []), (answer, citations)):
            Message.objects.create(thread=thread, run=run, message=message_to_dict(message), citations=cited)
    return thread


@pytest.fixture
async def console(page, server, acme) -> Page:
    """The owner's browser, on the console's first page."""
    await page.goto(f"http://{acme.host}:{server.port}/admin/")
    await page.get_by_label("Username").fill("owner")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_test_id("overview")).to_be_visible()
    return page


async def open_page(console: Page, path: str) -> None:
    address = urlsplit(console.url)
    await console.goto(f"{address.scheme}://{address.netloc}/admin/{path}")


async def test_every_page_in_the_navigation_opens_without_a_complaint(console, thread):
    links = await console.locator("#nav-sidebar-apps a").evaluate_all("links => links.map(link => link.href)")
    pages = [link for link in links if "/admin/" in link]
    assert len(pages) >= 7
    for address in pages:
        await console.goto(address)
        await expect(console.locator("#nav-sidebar-apps a.active")).to_have_count(1)
        for link in await console.get_by_test_id("add").all():
            await console.goto(await link.evaluate("link => link.href"))
            await expect(console.get_by_role("button", name="Save")).to_be_visible()


async def test_a_conversation_is_rendered_and_what_it_says_stays_text(console, thread):
    await open_page(console, f"assistants/thread/{thread.pk}/change/")
    answer = console.get_by_test_id("ai")
    await expect(answer.locator("strong")).to_have_text("all")
    await expect(answer).to_contain_text("<img src=x onerror=alert(1)>")
    await expect(answer.locator("img, [href^='javascript:']")).to_have_count(0)
    await expect(console.get_by_test_id("citations")).to_contain_text("All anvils are heavy.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_a_run_is_replayed_at_any_width_and_in_the_dark(console, acme, scheme, width):
    run = await acme.run(lambda: make_run(acme.member))
    await console.emulate_media(color_scheme=scheme)
    await console.set_viewport_size({"width": width, "height": 844})
    await open_page(console, "assistants/run/")
    await console.locator("#result_list a[href*='/change/']").first.click()
    await expect(console.get_by_test_id("step")).to_have_count(len(run.receipt["steps"]))
    await expect(console.get_by_test_id("steps").get_by_role("row", name="Called find_stock")).to_be_visible()
    await expect(console.get_by_test_id("answer").locator("strong")).to_have_text("heavy")
    await expect(console.get_by_test_id("replay").locator("img, script")).to_have_count(0)
    tool = await console.get_by_test_id("step").nth(5).locator("rect").last.bounding_box()
    search = await console.get_by_test_id("step").nth(2).locator("rect").last.bounding_box()
    assert tool["width"] > search["width"] > 0
    assert tool["x"] > search["x"]
    assert await console.evaluate("document.documentElement.scrollWidth") <= width
    await console.get_by_test_id("to-the-conversation").click()
    await expect(console.get_by_test_id("to-the-run")).to_be_visible()


async def test_the_rules_form_asks_for_a_role_only_when_it_is_for_one(console):
    await open_page(console, "tenants/accessrule/add/")
    role, member = console.locator("#id_role"), console.locator("#id_member")
    await expect(role).to_be_hidden()
    await console.locator("#id_audience").select_option("role")
    await expect(role).to_be_visible()
    await expect(member).to_be_hidden()
    await role.select_option(label="Editor")
    await console.get_by_role("button", name="Save").click()
    await expect(console.locator("#result_list")).to_contain_text("Role Editor")


async def test_chosen_rules_are_disabled_from_the_bar_below_the_list(console):
    await open_page(console, "tenants/accessrule/")
    bar = console.locator("#changelist-actions")
    await expect(bar).to_be_hidden()
    await console.locator("#result_list tbody input.action-select").first.check()
    await expect(bar).to_contain_text("1 of 5 selected")
    await bar.get_by_role("combobox").select_option("disable")
    await bar.get_by_role("button", name="Run").click()
    await expect(console.get_by_text("Disabled: 1.")).to_be_visible()


async def test_a_new_key_can_be_copied(console):
    await console.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await open_page(console, "tenants/apikey/add/")
    await console.get_by_label("Name").fill("Website")
    await console.get_by_role("button", name="Save").click()
    secret = await console.get_by_test_id("secret").inner_text()
    await console.get_by_role("button", name="Copy").click()
    await expect(console.get_by_role("button", name="Copied")).to_be_visible()
    assert await console.evaluate("navigator.clipboard.readText()") == secret


async def test_a_search_is_tried_with_the_keyboard_on_a_phone(console, acme):
    await acme.run(lambda: add_ready_document(acme, "# Anvils\n\nAn anvil weighs 50 kilograms.\n", source="anvils.md"))
    await console.set_viewport_size({"width": 390, "height": 844})
    await open_page(console, "rag/document/search/")
    await console.get_by_label("Search for").focus()
    await console.keyboard.type("weight of anvils")
    await console.keyboard.press("Enter")
    await expect(console.get_by_test_id("hits").locator("mark").first).to_have_text("anvil")
    await expect(console.get_by_test_id("hits")).to_contain_text("by words: 1")
    assert await console.evaluate("document.documentElement.scrollWidth") <= 390
