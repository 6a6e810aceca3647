"""docs/how-to/embed.md: each of its blocks, put into a page or run, with our host and a site's key in their places."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.test import RequestFactory
from playwright.async_api import expect

from tenants.models import Visitor
from tests.acceptance.markdown_blocks import read_blocks
from tests.browser.embedding import VISITOR, answered, chat_in, loaded
from tests.nodejs import node

pytestmark = pytest.mark.browser

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "embed.md"
HOST, KEY = "https://acme.example.com", "site_abc"


async def test_each_block_does_what_the_page_says(web_page, corner, settings, tmp_path):
    def here(text: str) -> str:
        return text.replace(HOST, corner.host).replace(KEY, corner.site.public_key)

    blocks = [(block.language, here(block.text)) for block in read_blocks(PAGE)]
    languages = [language for language, _ in blocks]
    assert languages == ["html", "html", "html", "js", "python", "js", "js", "text"]
    plain, special, inline, queued, django_view, node_function, in_page, policy = (text for _, text in blocks)
    page, web, chat = web_page, corner.web, chat_in(web_page)
    strict = f"default-src 'none'; {policy.strip()}"

    web.put("/", plain, Content_Security_Policy=strict)
    await page.goto(web.origin("shop"))
    await page.get_by_role("button", name="Shop").click()
    await loaded(chat)
    web.put("/", special, Content_Security_Policy=strict)
    await page.goto(web.origin("shop"))
    await expect(page.get_by_role("button", name="Ask us")).to_be_visible()
    web.put("/", inline, Content_Security_Policy=strict)
    await page.goto(web.origin("shop"))
    await loaded(chat)
    web.put("/", f"<script>{queued}</script>{plain}")
    async with page.expect_console_message(lambda message: message.text == "an answer has come"):
        await page.goto(web.origin("shop"))
    await answered(chat)

    settings.CHAT_SITE_KEY, settings.CHAT_SECRET = corner.site.public_key, corner.secret
    written: dict = {}
    exec(django_view, written)
    request = RequestFactory().get("/chat-identity/")
    request.user = SimpleNamespace(pk=7, is_authenticated=True)
    (tmp_path / "identity.mjs").write_text(node_function)
    asked = f"import {{chatIdentity}} from './identity.mjs'; console.log(chatIdentity(8, '{KEY}', '{corner.secret}'))"
    run = [node(), "--input-type=module", "-e", here(asked)]
    from_node = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True).stdout
    told = VISITOR.replace("Atrium.on", "window.Atrium.on")
    for statement in (written["chat_identity"](request).content.decode(), from_node.strip()):
        web.put_text("/chat-identity/", statement)
        web.put("/", plain)
        await page.goto(web.origin("shop"))
        await expect(page.get_by_role("button", name="Shop")).to_be_visible()
        await page.evaluate(in_page)
        assert await page.evaluate(f"() => {{ const told = {told}; Atrium.open(); return told; }}") is True
    people = await corner.tenant.run(
        lambda: set(Visitor.objects.exclude(subject=None).values_list("subject", flat=True))
    )
    assert people - {""} == {"7", "8"}
