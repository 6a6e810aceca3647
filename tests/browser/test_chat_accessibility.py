"""The chat for people who see, hear or move otherwise: what axe-core finds, and the keyboard alone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from assistants.models import Thread
from tests.browser.axe import findings
from tests.browser.test_chat_page import QUESTION, REFUNDS, ask, sign_in
from tests.browser.test_languages import page_of
from tests.documents import add_ready_document
from tests.model_server import calls, fails, says

pytestmark = pytest.mark.browser

NARROW = {"width": 320, "height": 640}
RICH = """## A heading

A [link](https://example.com), `code`, **strong** and a list:

1. one
   - within
2. two

| Anvil | Price |
|-------|------:|
| small | 12 |

> A quote.

```python
print("a long line of code that has to be scrolled sideways, because it is far too long for a telephone")
```
"""
SLOW: dict[str, Any] = {"chunkSize": 12, "latency": 80}


async def look(page: Page, state: str) -> list[str]:
    """What is found in light and in dark, on a desk and on the narrowest telephone."""
    found = []
    before = page.viewport_size
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme=scheme)
        found += [f"{state}, {scheme}: {words}" for words in await findings(page)]
    await page.set_viewport_size(NARROW)
    found += [f"{state}, narrow: {words}" for words in await findings(page)]
    if await page.evaluate("document.documentElement.scrollWidth") > NARROW["width"]:
        found.append(f"{state}, narrow: it scrolls sideways")
    assert before
    await page.set_viewport_size(before)
    return found


async def send(page: Page, question: str) -> None:
    await page.get_by_test_id("composer").fill(question)
    await page.get_by_test_id("composer").press("Enter")


async def test_axe_finds_nothing_in_an_answer_with_its_sources(page, server, acme):
    await acme.run(lambda: add_ready_document(acme, REFUNDS, source="refunds.md"))
    await page.emulate_media(reduced_motion="reduce")
    await sign_in(page, server, acme)
    found = await look(page, "empty")
    await ask(page)
    found += await look(page, "conversation")
    await page.get_by_test_id("citation").first.click()
    await expect(page.get_by_test_id("passage-text")).not_to_be_empty()
    found += await look(page, "passage")
    await page.keyboard.press("Escape")
    await page.get_by_test_id("thumb-down").click()
    await page.get_by_test_id("account-button").click()
    found += await look(page, "feedback")
    await page.get_by_test_id("thread").first.hover()
    await page.locator("[data-testid=thread-delete]").first.click()
    found += await look(page, "dialog")
    assert found == []
    await page.evaluate("document.querySelector('dialog[open]').append(document.createElement('button'))")
    assert any(words.startswith("button-name") for words in await findings(page))


async def test_axe_finds_nothing_while_a_run_goes_on_waits_or_fails(page, server, acme, clerk, model_server):
    thread = await acme.run(lambda: Thread.objects.create(created_by=acme.member, assistant_id=clerk.id))
    await page.emulate_media(reduced_motion="reduce")
    await sign_in(page, server, acme)
    await page.goto(f"http://{acme.host}:{server.port}/#thread={thread.pk}")
    await expect(page.get_by_test_id("assistant-name")).to_have_text("Clerk")
    model_server.play(says(RICH + " words" * 500, "rich", **SLOW), fails(400))
    await send(page, "Something rich")
    await expect(page.get_by_test_id("answer-text").locator("pre")).to_be_visible()
    found = await look(page, "streaming")
    await page.get_by_test_id("stop").click()
    await expect(page.get_by_test_id("stopped")).to_be_visible()
    found += await look(page, "stopped")
    await send(page, "Fail")
    await expect(page.get_by_test_id("error")).to_be_visible()
    found += await look(page, "failed")
    model_server.forget()
    model_server.play(calls(("send_letter", {"to": "ada@acme.example", "text": "Hello"})))
    await send(page, "Write to Ada")
    await expect(page.get_by_test_id("approval")).to_be_visible()
    found += await look(page, "approval")
    await page.get_by_test_id("edit-arguments").click()
    found += await look(page, "arguments")
    assert found == []


async def test_axe_finds_nothing_from_right_to_left(page, server, acme):
    await acme.run(lambda: add_ready_document(acme, REFUNDS, source="refunds.md"))
    arabic = await page_of(page, "ar")
    await arabic.emulate_media(reduced_motion="reduce")
    await sign_in(arabic, server, acme)
    await ask(arabic)
    found = await look(arabic, "right to left")
    await arabic.set_viewport_size(NARROW)
    await arabic.get_by_test_id("open-threads").click()
    found += await findings(arabic)
    assert found == []


async def focused(page: Page) -> str:
    """The test id of what has the focus, or its tag."""
    return await page.evaluate("document.activeElement.dataset.testid || document.activeElement.tagName.toLowerCase()")


async def tab_to(page: Page, test_id: str, key: str = "Tab") -> None:
    """Press ``key`` until the focus is there; each stop on the way has to show that it has it."""
    for _ in range(60):
        if await focused(page) == test_id:
            return
        await page.keyboard.press(key)
        assert await page.evaluate(SHOWS_FOCUS), f"nothing shows that {await focused(page)} has the focus"
    raise AssertionError(f"{test_id} is not reached with {key}")


SHOWS_FOCUS = """() => {
    const element = document.activeElement;
    if (element === document.body) return true;
    const shown = (each) => {
        const {outlineStyle, outlineWidth} = getComputedStyle(each);
        return outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
    };
    return shown(element) || shown(element.closest("form") ?? element) || shown(element.parentElement);
}"""


async def test_a_whole_conversation_with_the_keyboard_alone(page, server, acme):
    await acme.run(lambda: add_ready_document(acme, REFUNDS, source="refunds.md"))
    await sign_in(page, server, acme)
    await expect(page.get_by_test_id("composer")).to_be_focused()
    await page.keyboard.type(QUESTION)
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-testid=answer]:not([aria-busy])")).to_be_visible()
    await expect(page.get_by_test_id("composer")).to_be_focused()

    await tab_to(page, "source", "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("passage-text")).not_to_be_empty()
    await expect(page.get_by_test_id("close-passage")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("citations-panel")).to_be_hidden()
    assert await focused(page) == "source"

    await tab_to(page, "thumb-down")
    await page.keyboard.press("Space")
    await expect(page.get_by_test_id("feedback-text")).to_be_focused()
    await page.keyboard.type("Too short")
    await tab_to(page, "feedback-send")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("feedback-said")).to_be_visible()

    await tab_to(page, "thread-rename", "Shift+Tab")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Control+A")
    await page.keyboard.type("Anvils")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("thread-title")).to_have_text("Anvils")
    await tab_to(page, "thread-delete")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("confirm-dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    assert await focused(page) == "thread-delete"
    await tab_to(page, "new-thread", "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("composer")).to_be_focused()
    await expect(page.get_by_test_id("welcome")).to_be_visible()
