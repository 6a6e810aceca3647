"""Notices what a browser does that hostile text has made it do."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import ConsoleMessage, Dialog, Page, Request, Route

SCRIPT = Path(__file__).with_name("watch.js")
REFUSED = ("content security policy", "refused to", "blocked", "mixed content", "unsafe")


class Watch:
    """Everything that was noticed on a page. The page stays where it is: what leads elsewhere is written down and
    stopped."""

    def __init__(self, page: Page, host: str) -> None:
        self._page = page
        self._host = host
        self._noticed: list[str] = []

    @classmethod
    async def on(cls, page: Page, host: str) -> Watch:
        """Begin: before the page is loaded. ``host`` is the one that the page may ask."""
        watch = cls(page, host)
        context = page.context
        await context.add_init_script(path=SCRIPT)
        await context.route(lambda url: not watch._is_own(url), watch._stop)
        context.on("request", watch._on_request)
        context.on("page", lambda opened: watch._note(f"opened {opened.url}"))
        page.on("dialog", watch._on_dialog)
        page.on("download", lambda download: watch._note(f"downloaded {download.url}"))
        page.on("console", watch._on_console)
        return watch

    async def noticed(self) -> list[str]:
        """What was noticed since the page was loaded, in words, each once."""
        return list(dict.fromkeys([*self._noticed, *await self._page.evaluate("window.__verdict()")]))

    def _note(self, words: str) -> None:
        self._noticed.append(words[:300])

    def _is_own(self, url: str) -> bool:
        return urlsplit(url).hostname == self._host and "beacon" not in url

    def _on_request(self, request: Request) -> None:
        if not self._is_own(request.url):
            self._note(f"asked for {request.url}")

    async def _stop(self, route: Route) -> None:
        await route.abort()

    async def _on_dialog(self, dialog: Dialog) -> None:
        self._note(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def _on_console(self, message: ConsoleMessage) -> None:
        if any(word in message.text.lower() for word in REFUSED):
            self._note(f"console: {message.text}")
