"""Take the pictures of the README from a running demo: ``python -m tests.browser.screenshots .data/demo.json``."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.chromium import ARGUMENTS, system_chromium
from tests.browser.web_pages import WebPages, serving

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WHOLE = ("console.png", "console-run.png", "operators.png")  # not only their first screen
SHOP_PORT = 8080  # the demo's embedded chat knows pages there
SHOP = """<meta name="viewport" content="width=device-width"><title>Northwind</title>
<style>body {{ margin: 0; font: 17px/1.6 Georgia, serif; color: #223; background: #f7f4ee }}
header {{ background: #24455a; color: #fff; padding: 1.2rem 2rem; font-size: 1.4rem }}
main {{ max-width: 44rem; padding: 1rem 2rem }}</style>
<header>Northwind</header><main><h1>Handbook</h1><p>Everything about the platform that our teams work with. What you do
not find here, ask in the corner: the answers come from the documents, and say where they stand.</p>
<p>News, guides and the people to talk to are in the menu above.</p></main>{snippet}"""
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


async def main(demo_file: str) -> None:
    demo = json.loads(Path(demo_file).read_text())
    acme = demo["tenants"]["acme"]
    IMAGES.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=system_chromium(), args=ARGUMENTS)
        await chat(browser, acme, DESKTOP, "chat.png")
        await chat(browser, acme, PHONE, "chat-phone.png")
        await chat(browser, acme, DESKTOP, "chat-dark.png", color_scheme="dark")
        await chat(browser, acme, DESKTOP, "chat-arabic.png", locale="ar")
        async with serving(SHOP_PORT) as shop:
            shop.put("/", SHOP.format(snippet=acme["embedded_chat"]["snippet"]))
            await embedded(browser, shop, acme, DESKTOP, "embed.png")
            await embedded(browser, shop, acme, DESKTOP, "embed-dark.png", color_scheme="dark")
            await embedded(browser, shop, acme, PHONE, "embed-phone.png")
        for size in (DESKTOP, PHONE):
            await console(browser, acme, size)
            await operators(browser, demo, size)
        await browser.close()


async def chat(browser: Browser, tenant: dict[str, Any], size: Any, name: str, **reader: Any) -> None:
    """``reader``: what is particular to the reader's browser, as Playwright's ``new_page`` takes it."""
    page = await browser.new_page(viewport=size, **reader)
    await page.goto(tenant["url"])
    await page.locator("[name=username]").fill(tenant["member"]["username"])
    await page.locator("[name=password]").fill(tenant["member"]["password"])
    await page.get_by_test_id("sign-in-button").click()
    await page.get_by_test_id("composer").fill(tenant["question"])
    await page.get_by_test_id("composer").press("Enter")
    await expect(page.locator("[data-testid=answer]:last-child:not([aria-busy])")).to_be_visible()
    if size is DESKTOP:
        await page.get_by_test_id("citation").first.click()
        await expect(page.get_by_test_id("passage-text")).not_to_be_empty()
    await page.wait_for_timeout(500)
    await page.screenshot(path=IMAGES / name)


async def embedded(
    browser: Browser, shop: WebPages, tenant: dict[str, Any], size: Any, name: str, **reader: Any
) -> None:
    """The chat in a page of somebody else's."""
    page = await browser.new_page(viewport=size, **reader)
    await page.goto(f"http://localhost:{shop.port}/")
    await page.evaluate("(window.Atrium ||= []).push(['open'])")
    while not (frames := [frame for frame in page.frames if "/embed/frame/" in frame.url]):
        await page.wait_for_timeout(100)  # it stands in a closed shadow, where no locator looks
    chat = frames[0]
    await chat.get_by_test_id("composer").fill(tenant["question"])
    await chat.get_by_test_id("composer").press("Enter")
    await expect(chat.locator("[data-testid=answer]:last-child:not([aria-busy])")).to_be_visible()
    await page.wait_for_timeout(500)
    await page.screenshot(path=IMAGES / name)


async def console(browser: Browser, tenant: dict[str, Any], size: Any) -> None:
    page = await signed_in(browser, tenant["url"], tenant["admin"], size)
    await save(page, "console.png", size)
    for path, name in (
        ("assistants/thread/", "console-threads.png"),
        ("assistants/run/", "console-runs.png"),
        ("rag/document/", "console-documents.png"),
        ("tenants/accessrule/", "console-rules.png"),
        ("assistants/configuredassistant/", "console-assistants.png"),
        ("usage/?by=assistant", "console-usage.png"),
        ("nothing/", "console-nothing.png"),
    ):
        await page.goto(f"{tenant['url']}/admin/{path}")
        await save(page, name, size)
    if size is DESKTOP:
        await page.goto(f"{tenant['url']}/admin/assistants/run/")
        await page.locator("#result_list tbody a").first.click()
        await expect(page.get_by_test_id("answer").locator("p").first).to_be_visible()
        await save(page, "console-run.png", size)
        await document(page, tenant)
        await playground(page, tenant)
        await page.goto(f"{tenant['url']}/admin/embed/site/")
        await page.locator("#result_list tbody a").first.click()
        await save(page, "console-site.png", DESKTOP)


async def document(page: Page, tenant: dict[str, Any]) -> None:
    await page.goto(f"{tenant['url']}/admin/rag/document/?q=access")
    await page.locator("#result_list tbody a").first.click()
    await page.get_by_test_id("passages").evaluate("section => section.scrollIntoView()")
    await save(page, "console-document.png", DESKTOP)


async def playground(page: Page, tenant: dict[str, Any]) -> None:
    await page.goto(f"{tenant['url']}/admin/assistants/configuredassistant/docs_assistant/playground/")
    await page.get_by_label("Your question").fill(tenant["question"])
    await page.get_by_label("Your question").press("Enter")
    await expect(page.get_by_test_id("trial-details")).to_be_visible()
    await save(page, "console-playground.png", DESKTOP)


async def operators(browser: Browser, demo: dict[str, Any], size: Any) -> None:
    page = await signed_in(browser, demo["public_url"], demo["operator"], size)
    await save(page, "operators.png", size)
    for path, name in (("usage/", "operators-usage.png"), ("tenants/tenant/", "operators-tenants.png")):
        await page.goto(f"{demo['public_url']}/admin/{path}")
        await save(page, name, size)


async def signed_in(browser: Browser, url: str, person: dict[str, str], size: Any) -> Page:
    page = await browser.new_page(viewport=size)
    await page.goto(f"{url}/admin/")
    await page.get_by_label("Username").fill(person["username"])
    await page.get_by_label("Password").fill(person["password"])
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_test_id("overview")).to_be_visible()
    return page


async def save(page: Page, name: str, size: Any) -> None:
    await page.wait_for_timeout(400)
    file = name if size is DESKTOP else name.replace(".png", "-phone.png")
    await page.screenshot(path=IMAGES / file, full_page=name in WHOLE)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
