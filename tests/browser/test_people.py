"""Invitations, keys and new passwords in a real browser, with the keyboard and on a phone."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tenants.context import tenant_context
from tenants.models import Invitation
from tenants.use_cases.invitations import invite
from tests.factories import PASSWORD
from tests.mail import delivered, link_in

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def address(server, acme) -> str:
    return f"http://{acme.host}:{server.port}"


@pytest.fixture
async def console(page, address) -> Page:
    """The owner's browser, signed in at the console."""
    await page.goto(f"{address}/admin/")
    await page.get_by_label("Username").fill("owner")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_test_id("overview")).to_be_visible()
    return page


async def fits(page: Page) -> bool:
    """True when nothing has to be scrolled sideways."""
    return await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


async def test_an_invitation_by_keyboard_from_the_console_to_the_chat(console, address):
    await console.goto(f"{address}/admin/tenants/invitation/add/")
    await console.get_by_label("E-mail address").focus()
    await console.keyboard.type("ada@example.com")
    await console.keyboard.press("Enter")
    await expect(console.locator("#result_list")).to_contain_text("ada@example.com")
    [message] = await delivered()
    await console.context.clear_cookies()
    await console.goto(link_in(message))
    await console.get_by_label("First name").focus()
    for word in ("Ada", "Lovelace", PASSWORD, PASSWORD):
        await console.keyboard.type(word)
        await console.keyboard.press("Tab")
    await console.keyboard.press("Enter")
    await expect(console.get_by_test_id("composer")).to_be_visible()


async def test_an_address_that_is_a_members_is_refused_at_its_field(console, address):
    await console.goto(f"{address}/admin/tenants/invitation/add/")
    await console.get_by_label("E-mail address").fill("member@example.com")
    await console.get_by_role("button", name="Save").click()
    await expect(console.get_by_text("A member has this e-mail address already.")).to_be_visible()


async def test_an_invitation_is_withdrawn_from_its_page(console, address, acme):
    with tenant_context(acme.ref):
        await acme.run(lambda: invite(acme.actor(acme.owner), "ada@example.com", "Member", site=address))
    await console.goto(f"{address}/admin/tenants/invitation/")
    await console.get_by_role("link", name="ada@example.com").click()
    await console.get_by_role("button", name="Withdraw").click()
    await expect(console.get_by_test_id("add")).to_be_visible()  # back on the list
    assert await acme.run(lambda: Invitation.objects.get().is_open) is False


async def test_a_key_for_one_thing_is_made(console, address):
    await console.goto(f"{address}/admin/tenants/apikey/add/")
    await console.get_by_label("Name").fill("Reader")
    for scope in ("chat", "threads:write", "documents:read", "documents:write"):
        await console.get_by_label(scope).uncheck()
    await expect(console.get_by_label("threads:read")).to_be_checked()
    await console.get_by_role("button", name="Save").click()
    await expect(console.get_by_test_id("secret")).to_contain_text("atr_")
    await console.goto(f"{address}/admin/tenants/apikey/")
    await expect(console.locator("#result_list tr", has_text="Reader")).to_contain_text("threads:read")


async def test_a_new_password(page, address):
    await page.goto(f"{address}/accounts/login/")
    await page.get_by_role("link", name="I have forgotten my password").click()
    await page.get_by_label("Email").fill("member@example.com")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    [message] = await delivered()
    await page.goto(link_in(message))
    assert "set-password" in page.url, "the token is still in the address bar"
    for label in ("New password", "New password confirmation"):
        await page.get_by_label(label, exact=True).fill("a new battery for the horse")
    await page.get_by_role("button", name="Set the password").click()
    await page.get_by_role("link", name="Sign in").click()
    await page.get_by_label("Username").fill("member@example.com")
    await page.get_by_label("Password").fill("a new battery for the horse")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_test_id("composer")).to_be_visible()


async def test_the_pages_fit_a_phone(console, address, acme):
    await acme.run(lambda: invite(acme.actor(acme.owner), "ada.lovelace@analytical.example", "Member", site=address))
    [message] = await delivered()
    await console.set_viewport_size(PHONE)
    for path in ("user/", "invitation/", "invitation/add/", "apikey/", "apikey/add/"):
        await console.goto(f"{address}/admin/tenants/{path}")
        assert await fits(console), path
    await console.context.clear_cookies()
    for path in ("/accounts/login/", "/accounts/password/", "/accounts/password/asked/"):
        await console.goto(f"{address}{path}")
        assert await fits(console), path
    await console.goto(link_in(message))
    assert await fits(console)
