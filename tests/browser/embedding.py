"""What tests of the embedded chat have in common: a site, pages that show it, and a model that can be made to wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import jwt
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from playwright.async_api import FrameLocator, Page, expect

from embed.models import Site
from embed.snippet import snippet_of
from tests.browser.web_pages import WebPages
from tests.played_model import PlayedModel
from tests.waiting import until

PARTED = "--disable-features=Translate,HttpsUpgrades,PaintHolding"  # in the place of Playwright's longer list
OPEN_SHADOWS = """
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) { return attach.call(this, {...options, mode: "open"}); };
"""
VISITOR = "new Promise(told => { const end = Atrium.on('visitor', ({identified}) => { end(); told(identified) }) })"


class GatedModel(PlayedModel):
    """Says the first words, waits until the gate is open, and says the rest."""

    gate: Any = None

    async def _astream(self, messages, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        for words in ("First words.", " Last words."):
            yield ChatGenerationChunk(message=AIMessageChunk(content=words))
            await self.gate.wait()


@dataclass
class Corner:
    """A site of acme's, pages that show it, and the model that answers there."""

    server: Any
    tenant: Any
    web: WebPages
    site: Site
    secret: str
    gate: asyncio.Event
    number: Iterator[int] = field(default_factory=lambda: iter(range(1000)))

    @property
    def host(self) -> str:
        return f"http://{self.tenant.host}:{self.server.port}"

    @property
    def snippet(self) -> str:
        return snippet_of(self.site, self.host)

    def script(self, **data: str) -> str:
        """The snippet, with attributes."""
        said = " ".join(f'data-{name.replace("_", "-")}="{value}"' for name, value in data.items())
        return self.snippet.replace("<script async", f"<script async {said}")

    def identity(self, subject: str) -> str:
        """What acme's server says of somebody."""
        now = int(time.time())
        claims = {"aud": self.site.public_key, "sub": subject, "iat": now, "exp": now + 300}
        return jwt.encode({**claims, "jti": f"{subject}-{next(self.number)}"}, self.secret, algorithm="HS256")

    async def change(self, **fields: Any) -> None:
        await self.tenant.run(lambda: Site.objects.filter(pk=self.site.pk).update(**fields))


def chat_in(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[src*='/embed/frame/']").first


async def opened(page: Page) -> FrameLocator:
    """The chat behind the button, loaded."""
    await page.get_by_role("button", name="Shop").click()
    chat = chat_in(page)
    await loaded(chat)
    return chat


async def ask(chat: FrameLocator, question: str = "Are you open?") -> None:
    await chat.get_by_test_id("composer").fill(question)
    await chat.get_by_test_id("composer").press("Enter")


async def loaded(chat: FrameLocator) -> None:
    await expect(chat.locator("atrium-chat[data-ready]")).to_be_visible()


async def answered(chat: FrameLocator, number: int = 1) -> None:
    await expect(chat.locator("[data-testid=answer]:not([aria-busy])")).to_have_count(number)
    await expect(chat.get_by_test_id("answer-text").last).to_have_text("First words. Last words.")


async def forgiven(errors: list[str], *statuses: int) -> None:
    """Forget the browser's complaints about answers of these statuses when they are complete: it tells of each twice,
    once in its console, and that may come late."""

    def told(how: str) -> int:
        return sum(how.format(status) in each for each in errors for status in statuses)

    async def complete() -> bool:
        return told("{} http") == told("status of {} ") > 0

    await until(complete, f"the browser complained of {statuses}")
    errors[:] = [each for each in errors if not any(f"{status} " in each for status in statuses)]
