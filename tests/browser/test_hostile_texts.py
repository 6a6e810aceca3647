"""What a model, a document or another person wrote runs nothing, loads nothing and imitates nothing in the chat.

The texts are in ``tests/browser/hostile``; ``watch.py`` notices what they bring about, and the last tests show that
it would.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage, message_to_dict
from playwright.async_api import Page, expect

from assistants.messages import storable
from assistants.models import Message, Thread
from rag.models import Chunk
from tests.browser.hostile.generated import generated
from tests.browser.hostile.watch import Watch
from tests.browser.hostile.written import CLOSED, UNCLOSED
from tests.browser.test_chat_page import PHONE, sign_in
from tests.documents import add_ready_document
from tests.model_server import calls, fails, says

pytestmark = pytest.mark.browser

WRITTEN = {**CLOSED, **UNCLOSED}
MARKED = Path(__file__).parents[1] / "node" / "node_modules" / "marked" / "lib" / "marked.umd.js"
DRAW_AT_ONCE = "window.requestAnimationFrame = (draw) => { draw(performance.now()); return 0; };"
OPEN_EVERY_SOURCE = """async () => {
    for (const more of document.querySelectorAll("[data-testid=all-sources]")) more.click();
    const sources = [...document.querySelectorAll("[data-testid=source]")];
    const body = document.querySelector("[data-testid=passage]");
    for (const source of sources) {
        source.click();
        while (body.querySelector("[role=status]")) await new Promise((done) => setTimeout(done));
        document.querySelector("[data-testid=close-passage]").click();
    }
    return sources.length;
}"""


@pytest.fixture
async def watch(page, acme) -> Watch:
    return await Watch.on(page, acme.host)


async def open_thread(page: Page, server, tenant, thread_id: object) -> None:
    """Without loading the page again: that would break off what is still being loaded."""
    await page.goto(f"http://{tenant.host}:{server.port}/#thread={thread_id}")
    await expect(page.locator("[data-testid=thread][aria-current]")).to_have_count(1)


async def answered(page: Page, count: int) -> None:
    await expect(page.get_by_test_id("answer")).to_have_count(count)
    await expect(page.locator("[data-testid=answer][aria-busy]")).to_have_count(0)


async def send(page: Page, question: str) -> None:
    await page.get_by_test_id("composer").fill(question)
    await page.get_by_test_id("composer").press("Enter")


def store_answers(tenant) -> int:
    """A conversation in which each text is an answer to itself, and threads that are named so. Returns its id."""
    Thread.objects.bulk_create(Thread(name=storable(text)[:255], created_by=tenant.member) for text in WRITTEN.values())
    thread = Thread.objects.create(name=storable(WRITTEN["script"]), created_by=tenant.member)
    said = []
    for name, text in [*WRITTEN.items(), *generated().items()]:
        said += [HumanMessage(text if name in WRITTEN else name), AIMessage(text)]
    messages = (storable(message_to_dict(message)) for message in said)
    Message.objects.bulk_create(Message(thread=thread, message=message) for message in messages)
    return thread.pk


def store_sources(tenant) -> int:
    """A conversation in which each text is what an answer rests on: a title, a heading and a quote. Returns its id."""
    thread = Thread.objects.create(name="Sources", created_by=tenant.member)
    gone = {"document_id": None, "chunk_id": None, "page": None, "score": None}
    cited = [
        {**gone, "number": at, "title": text[:500], "heading": text[:500], "quote": text}
        for at, text in enumerate(WRITTEN.values(), start=1)
    ]
    said = message_to_dict(AIMessage("See " + " ".join(f"[{source['number']}]" for source in cited)))
    Message.objects.create(thread=thread, message=said, citations=storable(cited))
    return thread.pk


async def test_what_is_stored(page, server, acme, watch):
    thread, sources = await acme.run(lambda: (store_answers(acme), store_sources(acme)))
    await sign_in(page, server, acme)
    await open_thread(page, server, acme, sources)
    await answered(page, 1)
    assert await page.evaluate(OPEN_EVERY_SOURCE) == len(WRITTEN)
    assert await watch.noticed() == []
    await open_thread(page, server, acme, thread)
    await answered(page, len(WRITTEN) + len(generated()))
    assert await watch.noticed() == []
    await page.set_viewport_size(PHONE)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def answers() -> list[str]:
    """The written texts as a few long answers, in which what is not closed stands at the end."""
    shuffled = list(CLOSED.values())
    random.Random(7).shuffle(shuffled)
    ends = list(UNCLOSED.values())
    return ["\n\n".join([*shuffled[at :: len(ends)], end]) for at, end in enumerate(ends)]


async def test_answers_that_are_half_there_while_they_stream(
    page, server, acme, clerk, model_server, watch, monkeypatch
):
    """Each piece is an event of its own and drawn by itself: so all that stands there on the way is looked at."""
    monkeypatch.setattr("assistants.runs.deltas.WINDOWS", (0.0,))
    await page.add_init_script(DRAW_AT_ONCE)
    thread = await acme.run(lambda: Thread.objects.create(created_by=acme.member, assistant_id=clerk.id))
    await sign_in(page, server, acme)
    await open_thread(page, server, acme, thread.pk)
    pieces = random.Random(11)
    texts = answers()
    model_server.play(
        *(says(text, f"question {at}.", chunkSize=pieces.randint(5, 19)) for at, text in enumerate(texts)),
    )
    for at in range(len(texts)):
        await send(page, f"question {at}.")
        await answered(page, at + 1)
    assert await watch.noticed() == []
    assert await acme.run(lambda: Message.objects.filter(message__type="ai").count()) == len(texts)


async def test_tools_arguments_and_errors(page, server, acme, clerk, model_server, watch):
    thread = await acme.run(lambda: Thread.objects.create(created_by=acme.member, assistant_id=clerk.id))
    await sign_in(page, server, acme)
    await open_thread(page, server, acme, thread.pk)
    texts = [text for text in WRITTEN.values() if "\0" not in text]
    hostile = [(text, {"__proto__": {"polluted": text}, text: text}) for text in texts[:30]]
    model_server.play(
        calls(*hostile, question="tools"),
        says("Nothing was found.", "tools"),
        calls(("send_letter", {"to": texts[0], "text": "\n".join(texts)}), question="letter"),
        fails(400, "".join(texts)),
    )
    await send(page, "Use the tools.")
    await answered(page, 1)
    await page.get_by_test_id("steps").locator("summary").first.click()
    await expect(page.get_by_test_id("step")).to_have_count(30)
    await send(page, "Write a letter.")
    await expect(page.get_by_test_id("approval")).to_be_visible()
    await page.get_by_test_id("edit-arguments").click()
    await page.get_by_test_id("stop").click()
    await expect(page.get_by_test_id("stopped")).to_be_visible()
    await send(page, "Fail.")
    await expect(page.get_by_test_id("error")).to_be_visible()
    assert await watch.noticed() == []


async def test_documents(page, server, acme, watch):
    """Taken in as files are, found by a question, quoted by the offline model, and opened."""

    def take_in() -> None:
        for at, text in enumerate(answers()[:4]):
            add_ready_document(
                acme, f"# Anvil {WRITTEN['script']}\n\nAnvil: {text}", source=f"<img src=x onerror=alert({at})>.md"
            )

    await acme.run(take_in)
    await sign_in(page, server, acme)
    await send(page, "What is an anvil <img src=x onerror=window.__pwned=1>?")
    await answered(page, 1)
    assert await page.evaluate(OPEN_EVERY_SOURCE) > 1
    assert await acme.run(Chunk.objects.count) > 4
    assert await watch.noticed() == []


# -- the watch itself


SHOW_CARELESSLY = """(texts) => {
    const log = document.querySelector("[data-testid=log], atrium-chat");
    const noticed = {};
    for (const [name, text] of Object.entries(texts)) {
        const body = document.createElement("div");
        body.className = "chat-text";
        log.append(body);
        body.innerHTML = marked.parse(text);
        window.__seen.clear(); // of what the text before has brought about since
        noticed[name] = window.__verdict();
        body.remove();
    }
    return noticed;
}"""


HARMLESS_AS_HTML = {  # text to a browser, or made for another renderer
    *("conditional comment", "body", "frameset", "handler in the language of code", "escaped twice", "other quotes"),
    *("null bytes", "hidden in tags of Unicode", "reversed", "zero width", "zalgo", "ligatures", "controls", "mermaid"),
    *("html as code", "unclosed fence", "unclosed tag", "unclosed comment", "unclosed address"),
}
HARMFUL_WITHOUT_A_POLICY = ("image that fails", "form", "refresh", "image of Markdown", "iframe with a document")
NOTICED_WITHOUT_A_POLICY = ("ran: img", "imitation: ", "left for ", "in a text: <iframe", "ran: 1")


async def test_the_watch_notices_what_a_careless_chat_would_show(page, server, acme, watch, browser_errors):
    """The texts as HTML made by ``marked`` alone, once under the chat's own policy and once without any."""
    await sign_in(page, server, acme)
    await page.evaluate(MARKED.read_text())
    seen = await page.evaluate(SHOW_CARELESSLY, WRITTEN)
    assert {name for name, words in seen.items() if not words} <= HARMLESS_AS_HTML
    assert any("Content Security Policy" in words for words in await watch.noticed())

    page_without = "<!doctype html><title>x</title><atrium-chat><div class=chat-text></div></atrium-chat>"
    await page.route("**/careless", lambda route: route.fulfill(body=page_without, content_type="text/html"))
    await page.goto(f"http://{acme.host}:{server.port}/careless")
    await page.evaluate(MARKED.read_text())
    texts = [WRITTEN[name] for name in HARMFUL_WITHOUT_A_POLICY]
    show = "(texts) => { document.querySelector('.chat-text').innerHTML = marked.parse(texts.join('\\n\\n')) }"
    await page.evaluate(show, texts)
    for kind in NOTICED_WITHOUT_A_POLICY:
        found = "(kind) => window.__verdict().some((words) => words.startsWith(kind))"
        await page.wait_for_function(found, arg=kind)
    noticed = await watch.noticed()
    assert "dialog: 1" in noticed
    assert "asked for http://evil.invalid/beacon.png" in noticed
    await page.close()
    browser_errors.clear()
