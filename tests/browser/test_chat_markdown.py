"""What the chat makes of a text, in a real browser: hostile ones do nothing, and marked reads ordinary ones alike.

The chat does not ship DOMPurify and marked (docs/decisions say why). Here they are the judges: DOMPurify finds nothing
to remove in what the chat shows, and marked gives an ordinary text the same structure.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route

from tests.browser.hostile.generated import generated
from tests.browser.hostile.written import CLOSED, UNCLOSED
from tests.nodejs import TOOLS

pytestmark = pytest.mark.browser

BUILT = Path(__file__).parents[2] / "platform" / "embed" / "static" / "embed" / "dist"
PACKAGES = TOOLS / "node_modules"
HOME = "http://chat.invalid/"
LENIENT = f"{HOME}lenient"  # marked's HTML is read there, which Trusted Types would refuse
CSP = "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'; trusted-types dompurify"

ORDINARY = [
    "One paragraph\nover two lines, with *emphasis*, **strength**, ***both*** and `code`.",
    "# Title\n\nText\n\n## Part\n\nMore\n\n###### Deep",
    "- one\n- two\n  - inner\n  - more\n- three",
    "1. first\n2. second\n   - with a bullet\n3. third",
    "3. starts\n4. at three",
    "- loose\n\n- items\n\n  with two paragraphs",
    "> quoted\n> text\n\nand an answer",
    "```python\ndef f(x):\n    return x < 3 and '<b>'\n```\n\nafter",
    "~~~\ntilde fence\n~~~",
    "| a | b |\n|:--|--:|\n| 1 | **2** |\n| `x` | y \\| z |",
    "above\n\n---\n\nbelow",
    "a ~~gone~~ word, snake_case_name and 2 * 3 * 4",
    "[link](https://a.example/p?q=1) and <https://b.example/> and https://c.example/x_(y).",
    "a line  \nwith a break\\\nand another",
    "\\*not emphasis\\* and \\[not a link\\]",
    "Nested **strong with *emphasis* inside** text",
    "Text right before a list:\n- a\n- b\n\nText after",
    "1. a\n\n   ```\n   code in an item\n   ```\n2. b",
    "> - list in a quote\n> - more\n>\n> text",
    "mail <a@b.example> and entities &amp; &lt;b&gt; &quot;",
]

JUDGE = """async ({ hostile, ordinary }) => {
    const { MarkdownView } = await import("/dist/console.js");
    const shown = (text) => {
        const element = document.createElement("div");
        document.body.append(element);
        const view = new MarkdownView(element, (n) => document.createTextNode(`[${n}]`));
        for (let at = 97; at < Math.min(text.length, 1000); at += 97) view.show(text.slice(0, at)); // it grows
        view.show(text);
        return element;
    };
    const tags = ["p", "h3", "h4", "h5", "h6", "pre", "code", "blockquote", "ul", "ol", "li", "div", "table", "thead",
        "tbody", "tr", "th", "td", "hr", "br", "strong", "em", "s", "a"];
    const attributes = ["dir", "tabindex", "role", "class", "start", "scope", "href", "title", "target", "rel",
        "referrerpolicy", "data-align", "data-language"];
    const allowed = { ALLOWED_TAGS: tags, ALLOWED_ATTR: attributes, ALLOW_DATA_ATTR: false };
    const wrong = [];
    for (const text of hostile) {
        const element = shown(text);
        for (const link of element.querySelectorAll("a")) {
            const { href, rel, target } = link;
            if (!/^(https?|mailto):/.test(href) || rel !== "noopener noreferrer" || target !== "_blank")
                wrong.push(["a link", text]);
            link.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
        }
        if (element.querySelector("[id], [name], [style]")) wrong.push(["an id, name or style", text]);
        if ([...element.querySelectorAll("[class]")].some((each) => each.className !== "chat-table"))
            wrong.push(["a class", text]);
        if (/[\\u202d\\u202e]/.test(element.textContent)) wrong.push(["a direction", text]);
        const clean = DOMPurify.sanitize(element.cloneNode(true), { ...allowed, IN_PLACE: true });
        const removed = DOMPurify.removed.map(({ element: gone, attribute }) => (gone ?? attribute)?.nodeName);
        if (removed.length || clean.innerHTML !== element.innerHTML) wrong.push(["DOMPurify: " + removed, text]);
    }
    const outline = (node) => [...node.childNodes].map((child) => {
        if (child.nodeType === Node.TEXT_NODE) return child.data.replace(/\\s+/g, " ");
        if (child.classList?.contains("chat-table")) return outline(child);
        const name = child.localName.replace("del", "s").replace(/^h\\d/, "h");
        return `<${name}>${outline(child).trim()}</${name}>`;
    }).join("").replace(/> </g, "><").replace(/> ?(?=<(p|ul|ol|li|pre|blockquote|table|hr|h|t))/g, ">");
    for (const text of ordinary) {
        const body = new DOMParser().parseFromString(marked.parse(text), "text/html").body;
        const [ours, theirs] = [outline(shown(text)).trim(), outline(body).trim()];
        if (ours !== theirs) wrong.push(["marked", text, ours, theirs]);
    }
    return { wrong, hacked: window.__pwned ?? null };
}"""


@pytest.fixture
async def strict_page(chromium) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page under a strict policy with Trusted Types, and what it has asked for, said or refused."""
    noticed: list[str] = []

    async def serve(route: Route) -> None:
        url = route.request.url
        if url in (HOME, LENIENT):
            head = {"Content-Type": "text/html", **({"Content-Security-Policy": CSP} if url == HOME else {})}
            await route.fulfill(body="<!doctype html><html lang=en><title>x</title><body>", headers=head)
        elif url.startswith(f"{HOME}dist/"):
            await route.fulfill(path=BUILT / url.removeprefix(f"{HOME}dist/"))
        else:
            noticed.append(f"asked for {url}")
            await route.abort()

    async with chromium.connected() as browser:
        page = await browser.new_page()
        await page.route("**/*", serve)
        page.on("console", lambda message: noticed.append(f"said {message.text}"))
        page.on("pageerror", lambda error: noticed.append(f"raised {error}"))
        page.on("dialog", lambda dialog: noticed.append(f"opened {dialog.message}"))
        page.on("popup", lambda popup: noticed.append(f"opened {popup.url}"))
        await page.goto(HOME)
        yield page, noticed


async def judged(page: Page, hostile: list[str], ordinary: list[str]) -> dict[str, Any]:
    # By way of the debugger, which no policy of the page holds back.
    for script in ("dompurify/dist/purify.min.js", "marked/lib/marked.umd.js"):
        await page.evaluate(f"() => {{ {(PACKAGES / script).read_text()}\n}}")
    return await page.evaluate(JUDGE, {"hostile": hostile, "ordinary": ordinary})


async def test_hostile_texts_do_nothing_and_ordinary_ones_are_read_as_marked_reads_them(strict_page):
    page, noticed = strict_page
    found = await judged(page, [*CLOSED.values(), *UNCLOSED.values(), *generated().values()], [])
    assert found == {"wrong": [], "hacked": None}
    assert noticed == []
    await page.goto(LENIENT)
    assert (await judged(page, [], ORDINARY))["wrong"] == []
