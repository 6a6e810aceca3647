"""Who is in an embedded chat while its page changes its mind, is slow, wrong or hostile: in a real browser."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from assistants.models import Thread
from embed.models import Site, VisitorSession
from tests.browser.embedding import answered, ask, chat_in, forgiven, loaded
from tests.waiting import until

pytestmark = pytest.mark.browser

NOTES = """<script>
  window.told = []; window.codes = []; window.again = 0;
  (window.Atrium ||= []).push(
    ["on", "visitor", ({identified}) => told.push(identified)], ["on", "error", ({code}) => codes.push(code)]);
</script>"""


async def until_told(page: Page, *told: bool) -> None:
    """The page was told of these visitors last."""

    async def happened() -> bool:
        return (await page.evaluate("told"))[-len(told) :] == list(told)

    await until(happened, f"the page was told of {told}")


async def subjects(corner: Any) -> list[str]:
    """Whose the sessions are."""
    return await corner.tenant.run(lambda: list(VisitorSession.objects.values_list("visitor__subject", flat=True)))


class Held:
    """Requests that the browser has sent and that wait for us; all others pass."""

    def __init__(self, part: str) -> None:
        self.part, self.come, self.goes = part, asyncio.Event(), asyncio.Event()

    async def __call__(self, route: Route) -> None:
        if self.part in (route.request.post_data or "") and not self.come.is_set():
            self.come.set()
            await self.goes.wait()
        await route.continue_()


async def test_names_that_stand_in_a_page_neither_choose_the_host_nor_hide_the_chat(web_page, corner, browser_errors):
    """Who may write harmless HTML into a page could else have its visitors talk to another server."""
    page, web = web_page, corner.web
    clobbered = f'<img name="currentScript" src="{web.origin("evil")}/embed.js"><section id="Atrium"></section>'
    web.put("/", f"{clobbered}{corner.script(open='true')}")
    await page.goto(web.origin("shop"))
    await loaded(chat_in(page))
    assert not [frame.url for frame in page.frames if "evil" in frame.url]
    web.put(
        "/",
        f'{corner.snippet}<atrium-chat data-site="{corner.site.public_key}" data-host="javascript:0//"></atrium-chat>',
    )
    await page.goto(web.origin("shop"))
    src = await page.locator("atrium-chat iframe").get_attribute("src")
    assert (src or "").startswith(f"{corner.host}/embed/frame/?")


async def test_a_page_is_asked_who_is_there_as_often_as_it_helps(web_page, corner, browser_errors):
    page, chat = web_page, chat_in(web_page)
    says: dict[str, Any] = {"asked": 0, "answer": lambda: "<html>Please sign in." + 20_000 * "."}

    def statement() -> str:
        says["asked"] += 1
        return says["answer"]()

    await page.expose_function("statement", statement)
    corner.web.put("/", NOTES + corner.script(open="true"))
    await page.add_init_script("(window.Atrium ||= []).push(['identify', () => window.statement()])")
    await page.goto(corner.web.origin("shop"))
    await until_told(page, False)  # the sign-in page of a visitor who has no account is no reason not to chat
    await ask(chat)
    await answered(chat)
    assert says["asked"] == 2  # once more, as a statement may have been used up; then it is left at that
    assert await page.evaluate("codes") == 2 * ["invalid_input"]

    says["answer"] = lambda: corner.identity("ada")
    await page.evaluate("Atrium.identify(() => window.statement())")
    await until_told(page, True)
    await answered(chat)  # her conversation is there: what is still asked for would find the session gone, too
    assert says["asked"] == 3
    # Her session ends, as it does after hours: the page is asked, and what she has written is still there.
    await corner.tenant.run(VisitorSession.objects.all().delete)
    await page.evaluate("told.length = 0")
    await ask(chat, "And on Sundays?")
    await until_told(page, True)
    await expect(chat.get_by_test_id("thread")).to_have_count(1)
    await expect(chat.get_by_test_id("composer")).to_have_value("And on Sundays?")
    assert says["asked"] == 4

    says["answer"] = lambda: "nonsense"
    await corner.change(who=Site.Who.IDENTIFIED)
    await corner.tenant.run(VisitorSession.objects.all().delete)
    await page.reload()
    await expect(chat.get_by_test_id("sign-in-first")).to_be_visible()
    refused = "codes.filter(code => code === 'wrong_identity').length === 2 && codes.at(-1) === 'identity_needed'"
    await until(lambda: page.evaluate(refused), "both statements were refused, and nobody is there")
    assert says["asked"] == 6
    await forgiven(browser_errors, 401, 403, 404, 422)


async def test_who_logs_out_stays_out_whatever_was_on_its_way(web_page, corner):
    page, chat = web_page, chat_in(web_page)
    corner.web.put("/", NOTES + corner.script(open="true"))
    await page.goto(corner.web.origin("shop"))
    await until_told(page, False)
    # The statement comes when nobody waits for it any more.
    await page.evaluate("Atrium.identify(() => new Promise(say => { window.say = say })); Atrium.logout()")
    await until_told(page, False, False)
    await page.evaluate("token => { say(token) }", corner.identity("ada"))
    await ask(chat)
    await answered(chat)
    assert await subjects(corner) == [""]
    # The statement was sent, and is not answered yet.
    held = Held('"identity":"ey')
    await page.route("**/embed/session/", held)
    await page.evaluate("token => Atrium.identify(token)", corner.identity("ada"))
    await held.come.wait()
    async with page.expect_response("**/embed/logout/"):
        await page.evaluate("Atrium.logout()")
    async with page.expect_response("**/embed/logout/"):  # hers, which came too late
        held.goes.set()
    await until_told(page, False, False, False)
    await ask(chat)
    await answered(chat)
    assert await subjects(corner) == [""]


async def test_a_question_on_its_way_is_not_lost_when_somebody_is_identified(web_page, corner, browser_errors):
    page, chat = web_page, chat_in(web_page)
    corner.web.put("/", NOTES + corner.script(open="true"))
    await page.goto(corner.web.origin("shop"))
    await until_told(page, False)
    held = Held("Are you open?")
    await page.route("**/api/threads/", held)
    await ask(chat)
    await held.come.wait()
    await chat.get_by_test_id("composer").fill("And then")
    await chat.get_by_test_id("composer").dispatch_event("keydown", {"key": "Enter", "keyCode": 229})
    await page.evaluate("token => Atrium.identify(token)", corner.identity("ada"))
    held.goes.set()
    await until_told(page, False, True)
    await answered(chat)
    await expect(chat.get_by_test_id("composer")).to_have_value("And then")  # what was being written, too
    threads = Thread.objects.filter(visitor__subject="ada").values_list("name", flat=True)
    assert await corner.tenant.run(lambda: list(threads)) == ["Are you open?"]
    # What the chat before still asked for may have been too late.
    assert {error for error in browser_errors if "401" not in error} == set()
    browser_errors.clear()
