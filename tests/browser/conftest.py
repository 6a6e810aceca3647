"""A real, headless Chromium. It finds ``*.localhost`` on this machine without being told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import ConsoleMessage, Page, Response, async_playwright

from tests.browser.chromium import ARGUMENTS, system_chromium
from tests.integration.atrium.conftest import operator  # noqa: F401  the fixture


@pytest.fixture
def browser_errors() -> list[str]:
    """What the browser complained about so far: scripts, refused content, failed requests.

    ``page`` asserts at its end that nothing is in it. A test that provokes a complaint asserts it, and clears it.
    """
    return []


@pytest.fixture
async def page(server, browser_errors) -> AsyncIterator[Page]:
    """An empty page of a fresh browser, with the server running."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=system_chromium(), args=ARGUMENTS)
        context = await browser.new_context(locale="en-GB", timezone_id="Europe/Berlin")
        page = await context.new_page()
        listen(page, browser_errors)
        yield page
        await browser.close()
    assert browser_errors == []


def listen(page: Page, errors: list[str]) -> None:
    """Note what the browser complains about."""

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            errors.append(f"{page.url}: {message.text}")

    def on_response(response: Response) -> None:
        if response.status >= 400:
            errors.append(f"{response.status} {response.url}")

    page.on("console", on_console)
    page.on("response", on_response)
    page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
