"""Runs on the members' chat page, in a real browser: stopped, lost and found again, decided on, judged, repeated."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import APIResponse, Page, Route, expect

from assistants.models import Message, Run, Thread
from tests.browser.embedding import forgiven
from tests.browser.test_chat_page import PHONE, sign_in
from tests.model_server import calls, fails, says

pytestmark = pytest.mark.browser

QUESTION = "What do the hills look like?"
WORDS = " ".join(f"word{number}" for number in range(1, 61))
SLOW: dict[str, Any] = {"chunkSize": 14, "latency": 60}  # a long answer that takes some seconds
CUT = "net::ERR"


@pytest.fixture
async def chat(page, server, acme, clerk, model_server) -> Page:
    """The member's page, with a conversation that is the clerk's."""
    thread = await acme.run(lambda: Thread.objects.create(name="Office", created_by=acme.member, assistant_id=clerk.id))
    await sign_in(page, server, acme)
    await page.goto(f"http://{acme.host}:{server.port}/#thread={thread.pk}")
    await page.reload()
    await expect(page.locator("atrium-chat[data-ready]")).to_be_visible()
    await expect(page.get_by_test_id("assistant-name")).to_have_text("Clerk")
    return page


async def send(page: Page, question: str = QUESTION) -> None:
    await page.get_by_test_id("composer").fill(question)
    await page.get_by_test_id("composer").press("Enter")


async def said(page: Page, text: str) -> None:
    """The only answer is complete, and this text."""
    await expect(page.locator("[data-testid=answer]:not([aria-busy])")).to_have_count(1)
    await expect(page.get_by_test_id("answer-text")).to_have_text(text)


async def fetched(route: Route, acme, server) -> APIResponse:
    """The server's answer. Playwright fetches outside of the browser, where ``*.localhost`` is nowhere."""
    request = route.request
    headers = {**await request.all_headers(), "host": f"{acme.host}:{server.port}"}
    return await route.fetch(url=request.url.replace(acme.host, "127.0.0.1"), headers=headers)


async def second_tab(page: Page) -> Page:
    other = await page.context.new_page()
    await other.goto(page.url)
    await expect(other.locator("atrium-chat[data-ready]")).to_be_visible()
    return other


# -- stopped


@pytest.mark.parametrize("how", ["button", "escape"])
async def test_an_answer_is_stopped_and_what_was_said_is_kept_and_marked(chat, model_server, acme, how):
    model_server.play(says(WORDS, **SLOW))
    await send(chat)
    await expect(chat.get_by_test_id("answer-text")).to_contain_text("word3")
    if how == "button":
        await chat.get_by_test_id("stop").click()
    else:
        await chat.keyboard.press("Escape")
    await expect(chat.get_by_test_id("stopped")).to_be_visible()
    await expect(chat.get_by_test_id("answer-text")).not_to_contain_text("word60")
    await expect(chat.get_by_test_id("announcer")).to_have_text("You stopped this answer.")
    assert await acme.run(lambda: Run.objects.get().status) == "cancelled"
    await expect(chat.get_by_test_id("composer")).to_be_focused()
    await chat.reload()
    await expect(chat.get_by_test_id("stopped")).to_be_visible()
    await expect(chat.get_by_test_id("answer-text")).to_contain_text("word3")
    await expect(chat.get_by_test_id("send")).to_be_visible()


# -- lost and found again


async def test_a_reload_in_mid_answer_shows_the_text_so_far_and_goes_on(chat, model_server, acme):
    model_server.play(says(WORDS, **SLOW))
    await send(chat)
    await expect(chat.get_by_test_id("answer-text")).to_contain_text("word3")
    await chat.reload()
    await expect(chat.get_by_test_id("question")).to_have_text(f"You{QUESTION}")
    await expect(chat.get_by_test_id("answer-text")).to_contain_text("word1 word2 word3")
    await expect(chat.get_by_test_id("stop")).to_be_visible()
    await said(chat, WORDS)
    assert await acme.run(Run.objects.count) == 1


async def test_leaving_a_conversation_and_coming_back_loses_nothing(chat, model_server):
    model_server.play(says(WORDS, **SLOW))
    await send(chat)
    await expect(chat.get_by_test_id("answer-text")).to_contain_text("word3")
    await chat.get_by_test_id("new-thread").click()
    await expect(chat.get_by_test_id("answer")).to_have_count(0)
    await chat.get_by_test_id("thread").first.click()
    await expect(chat.get_by_test_id("answer-text")).to_contain_text("word3")
    await said(chat, WORDS)


async def test_a_stream_that_is_cut_again_and_again_is_joined_without_losing_or_doubling(
    chat, model_server, acme, server
):
    """The connection is cut by a proxy that lets through what it has, a few events at a time."""
    joined: list[str] = []

    async def cut(route: Route) -> None:
        joined.append((await route.request.all_headers())["last-event-id"])
        response = await fetched(route, acme, server)
        frames = (await response.text()).split("\n\n")
        await route.fulfill(response=response, body="\n\n".join(frames[:2]) + "\n\nid: 9")  # in mid-event

    async def lose(route: Route) -> None:
        response = await fetched(route, acme, server)
        await route.fulfill(response=response, body="\n\n".join((await response.text()).split("\n\n")[:2]) + "\n\n")

    model_server.play(says(WORDS, **SLOW))
    await chat.route("**/messages/", lose)
    await chat.route("**/events/", cut, times=3)
    await send(chat)
    await said(chat, WORDS)
    assert len(joined) == 3
    assert joined == sorted(joined, key=int)
    assert await acme.run(Run.objects.count) == 1


async def test_a_question_whose_answer_got_lost_is_asked_once(chat, model_server, acme, server, browser_errors):
    async def lose(route: Route) -> None:
        await fetched(route, acme, server)  # it arrives
        await route.abort()

    model_server.play(says("Green."))
    await chat.route("**/messages/", lose, times=1)
    await send(chat)
    await said(chat, "Green.")
    assert await acme.run(Run.objects.count) == 1
    assert await acme.run(Message.objects.count) == 2
    assert all(CUT in error for error in browser_errors)
    browser_errors.clear()


async def test_offline_in_mid_answer_it_says_so_and_goes_on_by_itself(chat, model_server, browser_errors):
    model_server.play(says(WORDS, **SLOW))
    await send(chat)
    await expect(chat.get_by_test_id("answer-text")).to_contain_text("word3")
    await chat.context.set_offline(True)
    await chat.evaluate("window.stop()")  # being offline does not cut what is open already
    await expect(chat.get_by_test_id("working")).to_have_text("The connection is lost. Reconnecting …")
    await chat.context.set_offline(False)
    await said(chat, WORDS)
    assert all(CUT in error for error in browser_errors)
    browser_errors.clear()


async def test_without_a_connection_the_question_is_kept_and_tried_again(chat, model_server, acme, browser_errors):
    model_server.play(says("Green."))
    await chat.context.set_offline(True)
    await send(chat)
    await expect(chat.get_by_test_id("error")).to_contain_text("no connection")
    await chat.context.set_offline(False)
    await chat.get_by_test_id("retry").click()
    await said(chat, "Green.")
    assert await acme.run(Message.objects.count) == 2
    assert all(CUT in error for error in browser_errors)
    browser_errors.clear()


async def test_two_tabs_show_the_same_conversation(chat, model_server):
    other = await second_tab(chat)
    model_server.play(says(WORDS, **SLOW))
    await send(chat)
    await expect(other.get_by_test_id("answer-text")).to_contain_text("word3")
    await other.get_by_test_id("stop").click()
    for tab in (chat, other):
        await expect(tab.get_by_test_id("stopped")).to_be_visible()
    await other.close()


async def test_a_question_into_a_busy_conversation_comes_back_to_its_writer(chat, model_server, browser_errors):
    other = await second_tab(chat)
    await other.evaluate("window.BroadcastChannel.prototype.postMessage = () => {}")
    model_server.play(says(WORDS, **SLOW))
    await send(other)
    await expect(other.get_by_test_id("answer-text")).to_contain_text("word3")
    await send(chat, "And the valleys?")
    await expect(chat.get_by_test_id("composer")).to_have_value("And the valleys?")
    await expect(chat.get_by_test_id("question")).to_have_text(f"You{QUESTION}")
    await said(chat, WORDS)
    await forgiven(browser_errors, 409)
    await other.close()


# -- failed


async def test_a_failed_run_says_why_also_after_a_reload_and_is_tried_again_without_asking_twice(
    chat, model_server, acme
):
    model_server.play(fails(400, "The model is on holiday."))
    await send(chat)
    await expect(chat.get_by_test_id("error")).to_be_visible()
    words = await chat.get_by_test_id("error").locator("p").inner_text()
    await chat.reload()
    await expect(chat.get_by_test_id("error").locator("p")).to_have_text(words)
    model_server.forget()
    model_server.play(says("Green."))
    await chat.get_by_test_id("retry").click()
    await said(chat, "Green.")
    await expect(chat.get_by_test_id("error")).to_have_count(0)
    assert await acme.run(lambda: Message.objects.filter(message__type="human").count()) == 1


# -- tools


async def test_what_the_assistant_does_is_shown_with_how_it_ended(chat, model_server):
    model_server.play(
        calls(("find_letters", {"about": "hills"}), ("find_letters", {"about": "ghosts"})), says("There are two.")
    )
    await send(chat)
    await said(chat, "There are two.")
    await chat.get_by_test_id("steps").locator("summary").first.click()
    await expect(chat.get_by_test_id("step").nth(0)).to_contain_text("Find letters done")
    await expect(chat.get_by_test_id("step").nth(1)).to_contain_text("Find letters failed")
    await chat.get_by_test_id("step").nth(1).locator("summary").click()
    await expect(chat.get_by_test_id("arguments").nth(1)).to_have_text("aboutghosts")
    await chat.reload()
    await said(chat, "There are two.")
    await expect(chat.get_by_test_id("steps").locator("summary").first).to_have_text("2 steps")
    await expect(chat.get_by_test_id("step")).to_contain_text(["Find letters done", "Find letters failed"])


LETTER = {"to": "ada@acme.example", "text": "The hills are green."}


async def propose(chat: Page, model_server, *letters: dict[str, str]) -> None:
    model_server.play(calls(*(("send_letter", letter) for letter in letters or [LETTER])), says("So be it."))
    await send(chat, "Write to Ada")
    await expect(chat.get_by_test_id("approval")).to_be_visible()


def tool_results(model_server) -> list[str]:
    return [said["content"] for said in model_server.asked()[-1]["messages"] if said["role"] == "tool"]


async def test_a_proposed_call_is_approved(chat, model_server):
    await propose(chat, model_server)
    await expect(chat.get_by_test_id("proposed-call")).to_contain_text("Send letter")
    await expect(chat.get_by_test_id("arguments")).to_contain_text(LETTER["text"])
    await expect(chat.get_by_test_id("announcer")).to_contain_text("asks for your approval: Send letter")
    await chat.get_by_test_id("approve").click()
    await said(chat, "So be it.")
    await expect(chat.get_by_test_id("approval")).to_have_count(0)
    assert tool_results(model_server) == [f"sent to {LETTER['to']}: {LETTER['text']}"]


async def test_the_card_is_there_after_a_reload_and_a_refusal_gives_its_reason(chat, model_server):
    await propose(chat, model_server)
    await chat.reload()
    await expect(chat.get_by_test_id("arguments")).to_contain_text(LETTER["text"])
    await chat.get_by_test_id("refuse").click()
    await expect(chat.get_by_test_id("reason")).to_be_focused()
    await chat.get_by_test_id("reason").fill("Ada is away.")
    await chat.get_by_test_id("refuse-now").click()
    await said(chat, "So be it.")
    assert "Ada is away." in tool_results(model_server)[0]


async def test_arguments_are_edited_as_json_that_has_to_be_valid(chat, model_server):
    await propose(chat, model_server)
    await chat.get_by_test_id("edit-arguments").click()
    await chat.get_by_test_id("json").fill("{to: Ada}")
    await chat.get_by_test_id("approve-changed").click()
    await expect(chat.get_by_test_id("json-error")).to_contain_text("not valid JSON")
    await expect(chat.get_by_test_id("json")).to_be_focused()
    await chat.get_by_test_id("json").fill('{"to": "bob@acme.example", "text": "Hello"}')
    await chat.get_by_test_id("approve-changed").click()
    await said(chat, "So be it.")
    assert tool_results(model_server) == ["sent to bob@acme.example: Hello"]


async def test_several_calls_are_sent_when_each_is_decided_on(chat, model_server):
    await propose(chat, model_server, LETTER, {"to": "bob@acme.example", "text": "Hello"})
    first, second = chat.get_by_test_id("proposed-call").nth(0), chat.get_by_test_id("proposed-call").nth(1)
    await first.get_by_test_id("approve").click()
    await expect(first.get_by_test_id("decided")).to_have_text("Approved")
    await second.get_by_test_id("refuse").click()
    await second.get_by_test_id("refuse-now").click()
    await said(chat, "So be it.")
    results = tool_results(model_server)
    assert results[0].startswith("sent to ada")
    assert "refused" in results[1]


async def test_a_run_that_waits_is_stopped(chat, model_server, acme):
    await propose(chat, model_server)
    await chat.get_by_test_id("stop").click()
    await expect(chat.get_by_test_id("stopped")).to_be_visible()
    assert await acme.run(lambda: Run.objects.get().status) == "cancelled"


async def test_what_was_decided_in_one_tab_is_seen_in_the_other(chat, model_server):
    await propose(chat, model_server)
    other = await second_tab(chat)
    await other.get_by_test_id("approve").click()
    for tab in (other, chat):
        await said(tab, "So be it.")
        await expect(tab.get_by_test_id("approval")).to_have_count(0)
    await other.close()


async def test_hostile_arguments_stay_text(chat, model_server):
    await propose(chat, model_server, {"to": "<img src=x onerror=window.hacked=1>", "text": "</dd><script>1</script>"})
    await expect(chat.get_by_test_id("arguments")).to_contain_text("<img src=x")
    assert await chat.locator("[data-testid=approval] :is(img, script)").count() == 0
    assert await chat.evaluate("window.hacked") is None


# -- answers


async def test_another_answer_is_asked_for_and_both_can_be_looked_at(chat, model_server, acme):
    model_server.play(says("Green."))
    await send(chat)
    await said(chat, "Green.")
    model_server.forget()
    model_server.play(says("Blue."))
    await chat.get_by_test_id("regenerate").click()
    await said(chat, "Blue.")
    await expect(chat.get_by_test_id("variant")).to_have_text("2/2")
    await chat.get_by_test_id("previous-variant").click()
    await said(chat, "Green.")
    await expect(chat.get_by_test_id("variant")).to_have_text("1/2")
    await expect(chat.get_by_test_id("next-variant")).to_be_focused()
    await chat.reload()
    await said(chat, "Green.")
    await expect(chat.get_by_test_id("variant")).to_have_text("1/2")
    assert await acme.run(lambda: Message.objects.filter(message__type="human").count()) == 1


async def test_a_new_answer_that_fails_leaves_the_one_before(chat, model_server):
    model_server.play(says("Green."))
    await send(chat)
    await said(chat, "Green.")
    model_server.forget()
    model_server.play(fails(400))
    await chat.get_by_test_id("regenerate").click()
    await expect(chat.get_by_test_id("error")).to_be_visible()
    await said(chat, "Green.")


async def test_an_answer_is_copied_and_judged(chat, model_server, acme):
    def given() -> list[Any]:
        return list(Message.objects.filter(thumb__isnull=False).values_list("thumb", "feedback"))

    model_server.play(says("Green."))
    await send(chat)
    await chat.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await chat.get_by_test_id("copy").click()
    await chat.wait_for_function("navigator.clipboard.readText().then(text => text === 'Green.')")
    await chat.get_by_test_id("thumb-down").click()
    await chat.get_by_test_id("feedback-text").fill("They are blue.")
    await chat.get_by_test_id("feedback-send").click()
    await expect(chat.get_by_test_id("feedback-said")).to_contain_text("Thank you")
    assert await acme.run(given) == [(-1, "They are blue.")]
    await chat.reload()
    await expect(chat.get_by_test_id("thumb-down")).to_have_attribute("aria-pressed", "true")
    await chat.get_by_test_id("thumb-up").click()
    await expect(chat.get_by_test_id("thumb-up")).to_have_attribute("aria-pressed", "true")
    await expect(chat.get_by_test_id("thumb-down")).to_have_attribute("aria-pressed", "false")
    async with chat.expect_response(lambda response: response.request.method == "DELETE"):
        await chat.get_by_test_id("thumb-up").click()
    assert await acme.run(given) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everything_fits_on_a_phone(chat, model_server, scheme):
    await chat.emulate_media(color_scheme=scheme)
    await chat.set_viewport_size(PHONE)
    await propose(chat, model_server, {"to": "a" * 300, "text": WORDS})
    await chat.get_by_test_id("edit-arguments").click()
    for width in (PHONE["width"], 320):
        await chat.set_viewport_size({**PHONE, "width": width})
        assert await chat.evaluate("document.documentElement.scrollWidth") <= width
        await expect(chat.get_by_test_id("approve-changed")).to_be_in_viewport()
    await chat.emulate_media(media="print")
    await expect(chat.get_by_test_id("question")).to_be_visible()
    await expect(chat.get_by_test_id("composer")).to_be_hidden()
