"""Take the pictures of the README from a running demo: ``python -m tests.browser.screenshots .data/demo.json``."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.chromium import ARGUMENTS, system_chromium

IMAGES = Path(__file__).parents[2] / "docs" / "images"
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


async def main(demo_file: str) -> None:
    demo = json.loads(Path(demo_file).read_text())
    acme = demo["tenants"]["acme"]
    IMAGES.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=system_chromium(), args=ARGUMENTS)
        await chat(browser, acme, DESKTOP, "chat.png")
        await chat(browser, acme, PHONE, "chat-phone.png")
        await console(browser, acme, DESKTOP)
        await browser.close()


async def chat(browser: Browser, tenant: dict[str, Any], size: Any, name: str) -> None:
    page = await browser.new_page(viewport=size)
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


async def console(browser: Browser, tenant: dict[str, Any], size: Any) -> None:
    page = await browser.new_page(viewport=size)
    await page.goto(f"{tenant['url']}/admin/")
    await page.get_by_label("Username").fill(tenant["admin"]["username"])
    await page.get_by_label("Password").fill(tenant["admin"]["password"])
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_test_id("overview")).to_be_visible()
    await save(page, "console.png")
    for path, name in (
        ("assistants/thread/", "console-threads.png"),
        ("assistants/run/", "console-runs.png"),
        ("rag/document/", "console-documents.png"),
        ("tenants/accessrule/", "console-rules.png"),
    ):
        await page.goto(f"{tenant['url']}/admin/{path}")
        await save(page, name)
    await page.goto(f"{tenant['url']}/admin/assistants/run/")
    await page.locator("#result_list tbody a").first.click()
    await page.screenshot(path=IMAGES / "console-run.png", full_page=True)


async def save(page: Page, name: str) -> None:
    await page.wait_for_timeout(400)
    await page.screenshot(path=IMAGES / name)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
