"""Every list, form and page of both consoles on a phone's screen, and by keyboard."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from atrium.consoles import operator_site, tenant_site
from tests.consoles import PUBLIC_HOST
from tests.factories import PASSWORD
from tests.receipts import make_run

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}

# What is wrong with the page that is open: wider than the screen, something that Tab does not reach, or that shows
# nothing when it has the focus. A table may be wider: it scrolls in a box of its own.
COMPLAINTS = """() => {
  const found = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) found.push(`the page is ${wide} wide`);
  const name = el => el.id || el.name || el.getAttribute('aria-label') || el.textContent.trim().slice(0, 40);
  const what = el => `${el.tagName.toLowerCase()} ${name(el)}`;
  const looks = ['outlineStyle', 'outlineWidth', 'boxShadow', 'borderColor', 'backgroundColor', 'textDecorationLine',
    'color'];
  const drawn = el => {
    const of = element => looks.map(look => getComputedStyle(element)[look]).join();
    return of(el) + '|' + of(el.parentElement);
  };
  let looked = 0;
  document.activeElement?.blur();
  for (const el of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')) {
    if (el.disabled || !el.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    if (el.closest('[inert]') || el.getBoundingClientRect().width === 0) continue;
    looked += 1;
    if (el.tabIndex < 0) { found.push(`not by keyboard: ${what(el)}`); continue; }
    const before = drawn(el);
    el.focus({ focusVisible: true, preventScroll: true });
    if (document.activeElement !== el) found.push(`takes no focus: ${what(el)}`);
    else if (drawn(el) === before) found.push(`focus is not seen: ${what(el)}`);
    el.blur();
  }
  if (looked < 2) found.push(`only ${looked} elements were looked at`);
  return found;
}"""


async def sign_in(page: Page, url: str, username: str) -> None:
    await page.goto(f"{url}/admin/")
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_test_id("overview")).to_be_visible()


def pages_of(site) -> list[str]:
    """The first page, usage, each list, and the form for a new row where there may be one."""
    found = ["", "usage/"]
    for model, admin in site._registry.items():
        path = f"{model._meta.app_label}/{model._meta.model_name}/"
        found.append(path)
        if type(admin).has_add_permission.__qualname__.startswith("BaseModelAdmin"):
            found.append(f"{path}add/")
    return found


async def complaints(page: Page, url: str, paths: list[str]) -> dict[str, list[str]]:
    await page.set_viewport_size(PHONE)
    found = {}
    for path in paths:
        await page.goto(f"{url}/admin/{path}")
        if said := await page.evaluate(COMPLAINTS):
            found[path] = said
    return found


async def test_a_tenants_console_fits_a_phone_and_a_keyboard(page, server, acme):
    run = await acme.run(lambda: make_run(acme.member, status="failed", error_code="model_unavailable"))
    url = f"http://{acme.host}:{server.port}"
    await sign_in(page, url, "owner")
    single = [f"assistants/run/{run.pk}/change/", f"assistants/thread/{run.thread_id}/change/"]
    await page.set_viewport_size(PHONE)
    await page.get_by_test_id("navigation").press("Enter")
    await expect(page.locator("#nav-sidebar-apps").get_by_role("link", name="Threads")).to_be_visible()
    assert await complaints(page, url, [*pages_of(tenant_site), *single, f"tenants/user/{acme.owner.pk}/change/"]) == {}


async def test_the_operators_console_fits_a_phone_and_a_keyboard(page, server, operator):
    url = f"http://{PUBLIC_HOST}:{server.port}"
    await sign_in(page, url, "operator")
    assert await complaints(page, url, pages_of(operator_site)) == {}
