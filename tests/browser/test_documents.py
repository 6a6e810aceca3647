"""Documents in a real browser: files are dropped, watched on their way, and followed until they answer questions."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from rag.models import Document
from rag.use_cases.create_collection import create_collection
from rag.use_cases.ingest_document import ingest_document
from tests.browser.test_console import console, open_page

pytestmark = pytest.mark.browser
__all__ = ["console"]  # a fixture

DROP = """([files]) => {
  const data = new DataTransfer();
  for (const [name, text, type] of files) data.items.add(new File([text], name, { type }));
  const target = document.querySelector('main, body');
  for (const kind of ['dragenter', 'dragover', 'drop'])
    target.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


async def test_files_are_dropped_and_followed_until_they_are_ready(console, acme, browser_errors):
    """On a phone's screen; with one file that is refused by the page and one by the server."""
    await acme.run(lambda: create_collection(acme.actor(acme.owner), "Manuals"))
    await console.set_viewport_size({"width": 390, "height": 844})
    await open_page(console, "rag/document/")
    await console.get_by_test_id("upload-files").click()
    await expect(console.locator(".console-upload[data-ready]")).to_be_visible()
    files = [
        ["pumps.md", "# Pumps\n\nA pump moves water.", "text/markdown"],
        ["photo.png", "not sent", "image/png"],
        ["virus.bin", "MZ\u0000\u0001", ""],
    ]
    await console.evaluate(DROP, [files])
    shown = console.get_by_test_id("file")
    await expect(shown.nth(0)).to_contain_text("waits to be read")
    await expect(shown.nth(1)).to_contain_text("This is a picture")
    await expect(shown.nth(2)).to_contain_text("a Windows program")
    await expect(console.locator("[data-summary]")).to_have_text("1 being taken in, 2 not taken")
    assert await console.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    document = await acme.run(Document.objects.get)
    await acme.run(lambda: ingest_document(document.pk))
    await expect(shown.nth(0)).to_contain_text("Ready: 1 passage answers questions.")
    await expect(shown.nth(0).locator("progress")).to_be_hidden()
    await shown.nth(0).get_by_role("link", name="pumps.md").click()
    await expect(console.get_by_test_id("boundary")).to_have_count(1)
    assert await console.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


async def test_the_list_keeps_itself_up_to_date_and_says_so(console, acme):
    def queued() -> Document:
        from rag.use_cases.add_document import add_document

        actor = acme.actor(acme.owner)
        return add_document(actor, create_collection(actor, "Manuals").pk, "# Pumps\n\nText.", source="pumps.md")

    document = await acme.run(queued)
    await open_page(console, "rag/document/")
    state = console.locator(f"[data-document='{document.pk}']")
    await expect(state).to_contain_text("Queued")
    await acme.run(lambda: ingest_document(document.pk))
    await expect(state).to_contain_text("Ready")
    await expect(console.locator(f"[data-passages='{document.pk}']")).to_have_text("1")
    await expect(console.locator("[data-announcer]")).to_contain_text("Pumps: Ready.")
