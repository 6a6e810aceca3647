"""The audit log and groups in a real browser, on a screen of any width."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from tenants.use_cases.members import change_member
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
async def console(page, server, acme) -> Page:
    """The owner's browser, signed in."""
    await page.goto(f"http://{acme.host}:{server.port}/admin/")
    await page.get_by_label("Username").fill("owner")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_test_id("overview")).to_be_visible()
    return page


@pytest.mark.parametrize("width", [1280, 390])
async def test_an_entry_is_found_read_and_taken_out_at_any_width(console, acme, width):
    email = f"{'a-very-long-name' * 4}@example.com"
    await acme.run(lambda: change_member(acme.actor(acme.owner), acme.member.pk, roles=["Editor"], email=email))
    await console.set_viewport_size({"width": width, "height": 844})
    at = urlsplit(console.url)
    await console.goto(f"{at.scheme}://{at.netloc}/admin/tenants/auditentry/")
    await expect(console.locator("#result_list")).to_contain_text("Sign in succeeded")
    assert await console.evaluate("document.documentElement.scrollWidth") <= width
    async with console.expect_download() as download:
        await console.get_by_role("link", name="CSV").click()
    assert (await download.value).suggested_filename == "audit-log.csv"
    await console.get_by_role("link", name="Member changed").first.click()
    await expect(console.get_by_test_id("changes").get_by_role("row", name="Email")).to_contain_text(email)
    await expect(console.get_by_test_id("changes").locator("del").first).to_have_text("member@example.com")
    assert await console.evaluate("document.documentElement.scrollWidth") <= width


async def test_a_group_is_filled_by_ticking_on_a_phone(console, acme):
    await console.set_viewport_size({"width": 390, "height": 844})
    at = urlsplit(console.url)
    await console.goto(f"{at.scheme}://{at.netloc}/admin/tenants/membergroup/add/")
    await console.get_by_label("Name").fill("Sales")
    await console.get_by_role("checkbox", name="outsider").check()
    assert await console.evaluate("document.documentElement.scrollWidth") <= 390
    await console.get_by_role("button", name="Save").click()
    await expect(console.locator("#result_list")).to_contain_text("Sales")
    assert await acme.run(lambda: list(acme.outsider.groups.values_list("name", flat=True))) == ["Member", "Sales"]
