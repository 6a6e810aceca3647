"""An embedded chat's form in a real browser: what is typed is drawn beside it at once, without a request."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, Request, expect

from embed.models import Site
from tenants.context import tenant_context
from tests.browser.test_console import console, open_page

pytestmark = pytest.mark.browser
__all__ = ["console"]  # a fixture


@pytest.fixture
def site(acme) -> Site:
    with tenant_context(acme.ref):
        return Site.objects.create(
            id="shop", name="Shop", assistant_id="docs_assistant", origins=["https://shop.example.com"], greeting="Hi!"
        )


async def colour(page: Page, test_id: str, what: str) -> str:
    return await page.get_by_test_id(test_id).evaluate(f"element => getComputedStyle(element)['{what}']")


async def test_what_is_typed_is_drawn_at_once_and_by_the_browser_alone(console, site):
    await open_page(console, "embed/site/shop/change/")
    drawn, launcher = console.get_by_test_id("drawn-chat"), console.get_by_test_id("drawn-launcher")
    await expect(drawn).to_contain_text("Hi!")
    await expect(console.get_by_test_id("snippet")).to_contain_text(site.public_key)
    asked: list[Request] = []
    console.on("request", lambda request: asked.append(request))
    await console.locator("[name=greeting]").fill("Good morning")
    await console.locator("[name=starters]").fill("Where is my parcel?\nMay I return it?")
    await console.locator("[name=label]").fill("Ask us")
    await console.locator("[name=radius]").fill("3")
    await console.locator("[name=position]").select_option("left")
    await console.locator("[name=light_accent]").fill("#7a1fa2")
    await expect(drawn).to_contain_text("Good morning")
    await expect(drawn.get_by_role("listitem")).to_have_text(["Where is my parcel?", "May I return it?"])
    await expect(launcher).to_have_text("Ask us")
    assert await colour(console, "drawn-launcher", "backgroundColor") == "rgb(122, 31, 162)"
    assert await colour(console, "drawn-chat", "borderRadius") == "3px"
    in_light = await colour(console, "drawn-chat", "backgroundColor")
    await console.get_by_role("button", name="Dark", exact=True).click()
    assert await colour(console, "drawn-chat", "backgroundColor") != in_light
    assert await colour(console, "drawn-launcher", "backgroundColor") != "rgb(122, 31, 162)"  # lighter, to be read
    await console.get_by_role("button", name="Phone").click()
    await expect(console.get_by_test_id("stage")).to_have_attribute("data-device", "phone")
    await console.locator("[name=theme]").select_option("light")
    await expect(console.get_by_test_id("stage")).to_have_attribute("data-scheme", "light")
    await expect(console.get_by_role("button", name="Dark", exact=True)).to_be_disabled()
    assert asked == []


async def test_a_colour_that_cannot_be_read_is_told_and_mended_by_a_button(console, site):
    await console.set_viewport_size({"width": 390, "height": 844})
    await open_page(console, "embed/site/shop/change/")
    await console.locator("[name=light_accent]").fill("#ffcc00")
    told = console.get_by_test_id("unreadable")
    await expect(told).to_contain_text("Light: the accent colour on the background has a contrast of")
    await told.get_by_role("button").click()
    await expect(told.get_by_role("listitem")).to_have_count(0)
    assert await console.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    # Nothing of what is to be copied is cut off at the border either.
    assert await console.get_by_test_id("site-snippet").evaluate("card => card.scrollWidth <= card.clientWidth")
    mended = await console.locator("[name=light_accent]").input_value()
    await console.get_by_role("button", name="Save").click()
    await expect(console.locator("#result_list")).to_contain_text("Shop")
    await open_page(console, "embed/site/shop/change/")
    await expect(console.locator("[name=light_accent]")).to_have_value(mended)
