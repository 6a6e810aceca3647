"""Every page of both consoles on a phone's screen, and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from django.utils import timezone
from playwright.async_api import Page, expect

from rag.tasks import reembed_collection
from tenants.context import public_context, tenant_context
from tenants.database import in_database
from tenants.models import AuditEntry, ErasureReceipt, ModelPrice, OperatorKey, Plan, PlatformBudget, Tenant, User
from tests.consoles import PUBLIC_HOST
from tests.factories import PASSWORD, TenantFixture
from tests.isolation import inventory
from tests.isolation.entries import MODELS
from tests.isolation.world import clear_world, make_world

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
FIRST_NUMBER = 7_001  # of the rows that are made: above those that every test has

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
  if (looked < 1) found.push(`only ${looked} elements were looked at`);
  return found;
}"""


async def sign_in(page: Page, url: str, username: str) -> None:
    await page.goto(f"{url}/admin/")
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_test_id("overview")).to_be_visible()


def addresses(urls: str, ids: Mapping[str, str]) -> list[str]:
    """Every address of a console that a person opens, with ids in the places of names: from its routes, so that a new
    page is looked at, too. ``ids`` are by app and model. Raises ``KeyError`` for a page about rows that has no row."""
    found = []
    for page in inventory.pages(urls):
        if not page.address.startswith("admin/") or page.address.endswith(ELSEWHERE) or page.places in UNKNOWN_PLACES:
            continue
        model = "/".join(page.address.split("/")[1:3])
        found.append(re.sub(r"\{\w+\}", lambda _, model=model: ids[model], page.address))
    return found


# Downloads, and what leads on to a page that is looked at: by its address, or after something was done.
ELSEWHERE = ("/{object_id}/", "/history/", "/original/", "logout/", "jsi18n/", "autocomplete/", "admin/search/")
ELSEWHERE += ("admin/login/", "/cited/", "search_page/", "explain_page/", "/playground-run/{run_id}/")
ELSEWHERE += ("/reprocess/", "/cancel/", "/replace/")  # only sent to
UNKNOWN_PLACES = (("how",), ("app_label",), ("url",), ("content_type_id", "object_id"))


async def complaints(page: Page, url: str, paths: list[str], errors: list[str]) -> dict[str, list[str]]:
    """What is wrong with each page on a phone. Not for people: what is refused, what is only sent to, and data."""
    await page.set_viewport_size(PHONE)
    found, refused, looked_at = {}, [], 0
    for path in paths:
        answer = await page.goto(f"{url}/{path}", wait_until="domcontentloaded")
        assert answer is not None
        if answer.status in (403, 405) or (answer.status == 404 and path.endswith("/add/")):
            refused.append(answer.url)
        elif "text/html" in answer.headers["content-type"]:
            looked_at += 1
            if said := await page.evaluate(COMPLAINTS):
                found[path] = said
    errors[:] = [error for error in errors if not any(each in error for each in refused)]
    assert looked_at > len(paths) / 2
    return found


async def test_a_tenants_console_fits_a_phone_and_a_keyboard(page, server, acme, browser_errors):
    made = await in_database(lambda: make_world(acme, FIRST_NUMBER))
    try:
        ids = {label.replace(".", "/").lower(): made.ids[kind] for label, kind in MODELS.items()}
        url = f"http://{acme.host}:{server.port}"
        await sign_in(page, url, "owner")
        await page.set_viewport_size(PHONE)
        await page.get_by_test_id("navigation").press("Enter")
        await expect(page.locator("#nav-sidebar-apps").get_by_role("link", name="Threads")).to_be_visible()
        assert await complaints(page, url, addresses(inventory.TENANT_URLS, ids), browser_errors) == {}
    finally:
        await in_database(lambda: clear_world(acme, made.numbers))


async def test_the_operators_console_fits_a_phone_and_a_keyboard(page, server, operator, acme, browser_errors):
    url = f"http://{PUBLIC_HOST}:{server.port}"
    ids = await in_database(lambda: operators_rows(operator, acme))
    await sign_in(page, url, "operator")
    assert await complaints(page, url, addresses(inventory.PUBLIC_URLS, ids), browser_errors) == {}


def operators_rows(operator: User, acme: TenantFixture) -> dict[str, str]:
    """A row of each kind that the operators' console has a page about."""
    with tenant_context(acme.ref):
        job = reembed_collection.defer(collection_id="0" * 32)
    now, facts = timezone.now(), {"actor_kind": "operator", "via": "api", "action": "tenant.renamed"}
    with public_context():
        rows = [
            operator,
            Tenant.objects.get(schema_name=acme.ref.schema_name),
            AuditEntry.objects.create(**facts, target="A long name of a tenant", before={"name": "A" * 60}),
            ErasureReceipt.objects.create(
                tenant_name="Gone", schema_name="gone", opened_at=now, erased_at=now, erased_by="op", rows=1, jobs=0
            ),
            OperatorKey.objects.create(operator=operator, name="A key", prefix="op_1", digest="d" * 64),
            Plan.objects.create(name="A plan"),
            ModelPrice.objects.create(model="a-model-with-a-long-name", tokens_in=1, tokens_out=2),
            PlatformBudget.objects.create(tokens=1_000),
        ]
    ids = {row._meta.label_lower.replace(".", "/"): str(row.pk) for row in rows}
    return ids | {"procrastinate/procrastinatejob": str(job)}
