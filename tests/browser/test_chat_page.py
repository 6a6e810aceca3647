"""The members' chat page in a real browser: ask, read the streamed answer, open a source; nothing hostile runs."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, HumanMessage, message_to_dict
from playwright.async_api import Page, expect

from assistants.models import Message, Run, Thread
from tests.browser.embedding import forgiven
from tests.documents import add_ready_document
from tests.factories import PASSWORD, TenantFixture

pytestmark = pytest.mark.browser

REFUNDS = "# Refund policy\n\nA customer may return any anvil within 90 days. Refunds are paid in gold coins.\n"
QUESTION = "Within how many days may a customer return an anvil?"
PHONE = {"width": 390, "height": 844}


async def sign_in(page: Page, server, tenant: TenantFixture, username: str = "member") -> None:
    await page.goto(f"http://{tenant.host}:{server.port}/")
    await page.locator("[name=username]").fill(username)
    await page.locator("[name=password]").fill(PASSWORD)
    await page.get_by_test_id("sign-in-button").click()
    await expect(page.locator("atrium-chat[data-ready]")).to_be_visible()


async def ask(page: Page, question: str = QUESTION) -> None:
    await page.get_by_test_id("composer").fill(question)
    await page.get_by_test_id("composer").press("Enter")
    await expect(page.locator("[data-testid=answer]:last-child:not([aria-busy])")).to_be_visible()


@pytest.fixture
async def chat(page, server, acme) -> Page:
    add = add_ready_document
    await acme.run(lambda: add(acme, REFUNDS, source="refunds.md"))
    await sign_in(page, server, acme)
    return page


async def test_a_member_asks_and_opens_the_passage_that_the_answer_rests_on(chat):
    await ask(chat)
    await expect(chat.get_by_test_id("answer-text")).to_contain_text("90 days")
    await expect(chat.get_by_test_id("sources")).to_be_visible()  # the answer is stored
    await chat.get_by_test_id("citation").first.click()
    await expect(chat.get_by_test_id("citations-panel")).to_contain_text("Refund policy")
    await expect(chat.get_by_test_id("passage-text")).to_contain_text("within 90 days")
    await expect(chat.get_by_test_id("quote")).to_contain_text(["A customer may return any anvil within 90 days."])


async def test_the_conversation_is_there_after_a_reload(chat):
    await ask(chat)
    await chat.reload()
    await expect(chat.get_by_test_id("question")).to_contain_text(QUESTION)
    await expect(chat.get_by_test_id("answer-text")).to_contain_text("90 days")
    await expect(chat.get_by_test_id("thread").first).to_contain_text(QUESTION[:20])


async def test_a_finished_answer_is_announced_once(chat):
    await chat.evaluate(
        """() => {
            window.announced = [];
            const announcer = document.querySelector('[data-testid=announcer]');
            new MutationObserver(() => announcer.textContent && window.announced.push(announcer.textContent))
                .observe(announcer, {childList: true, characterData: true, subtree: true});
        }"""
    )
    await ask(chat)
    await expect(chat.get_by_test_id("log")).to_have_attribute("role", "log")
    await chat.wait_for_function("window.announced.some(text => text.startsWith('Answer'))")
    announced = await chat.evaluate("window.announced")
    assert len([text for text in announced if "90 days" in text]) == 1


async def test_it_works_on_a_phone_without_sideways_scrolling(chat):
    await chat.set_viewport_size(PHONE)
    await ask(chat)
    width = await chat.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    await chat.get_by_test_id("open-threads").click()
    await expect(chat.get_by_test_id("thread").first).to_be_visible()


async def test_a_tenants_member_sees_nothing_of_another_tenant(chat, server, globex):
    await sign_in(chat, server, globex)
    await ask(chat)
    await expect(chat.get_by_test_id("answer-text")).not_to_contain_text("90 days")
    await expect(chat.get_by_test_id("citation")).to_have_count(0)


HOSTILE = """<script>window.hacked = 1</script> <img src=x onerror="window.hacked=2">
![beacon](http://evil.invalid/pixel.png) [click](javascript:window.hacked=3) [data](data:text/html,<b>x</b>)
<svg onload="window.hacked=4"></svg> <style>body{display:none}</style>"""


async def test_hostile_answers_run_nothing_and_load_nothing(page, server, acme):
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))

    def store() -> str:
        thread = Thread.objects.create(name="Hostile", created_by=acme.member)
        run = Run.objects.create(thread=thread, assistant_id="docs_assistant", actor_kind="member", status="completed")
        for message in (HumanMessage("hello"), AIMessage(HOSTILE)):
            Message.objects.create(thread=thread, run=run, message=message_to_dict(message))
        return str(thread.pk)

    thread_id = await acme.run(store)
    await sign_in(page, server, acme)
    await page.goto(f"http://{acme.host}:{server.port}/#thread={thread_id}")
    await page.reload()
    await expect(page.get_by_test_id("answer-text")).to_contain_text("window.hacked")
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("[data-testid=answer] :is(img, script, svg[onload], style)").count() == 0
    assert await page.locator("a[href^='javascript:'], a[href^='data:']").count() == 0
    assert not [url for url in requests if acme.host not in url]


async def test_a_problem_is_said_in_plain_words_and_the_question_is_kept(chat, acme, browser_errors):
    def deny() -> None:
        from tenants.models import AccessRule

        AccessRule.objects.filter(action="assistant.*").delete()

    await acme.run(deny)
    await chat.get_by_test_id("composer").fill(QUESTION)
    await chat.get_by_test_id("composer").press("Enter")
    await expect(chat.get_by_test_id("error")).to_contain_text("not allowed to use this assistant")
    await expect(chat.get_by_test_id("question")).to_contain_text(QUESTION)
    await forgiven(browser_errors, 403)


async def test_signing_out_ends_the_session(chat):
    await chat.get_by_test_id("account-button").click()
    await chat.get_by_test_id("sign-out").click()
    await expect(chat.get_by_test_id("sign-in-form")).to_be_visible()
