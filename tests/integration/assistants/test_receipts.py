"""Answer receipts: what an answer rested on, what it cost, and how long each step took."""

from __future__ import annotations

import asyncio
import hashlib
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from assistants import AIAssistant, method_tool
from assistants.models import Run
from assistants.replay import passages_of
from rag.models import Chunk, Document
from tests.documents import add_ready_document
from tests.integration.assistants.test_runs import orphan, take_over
from tests.model_server import calls, fails, says
from tests.played_model import PlayedModel, wants

pytestmark = pytest.mark.usefixtures("registry")

PRICES = {"gpt-test*": {"in": 2, "out": 10, "cached_in": 1}}
REFUNDS = "# Refund policy\n\nA customer may return any anvil within 90 days. Refunds are paid in gold coins.\n"


@pytest.fixture
def weather(registry) -> type[AIAssistant]:
    class Weather(AIAssistant):
        id = "weather"
        name = "Weather"
        version = "2.1"
        instructions = "You tell the weather."
        model = "gpt-test"

        @method_tool
        def get_weather(self, city: str) -> str:
            """The weather in a city."""
            if city == "Atlantis":
                raise LookupError("password=swordfish")
            return f"sunny in {city}"

    return Weather


class Asking:
    """A member who asks, and reads the run and its receipt."""

    def __init__(self, client) -> None:
        self.client = client

    async def ask(self, content: str, assistant_id: str = "weather", thread_id: str = "", mode: str = "wait"):
        thread_id = thread_id or (await self.client.post("/api/threads/", json={})).json()["id"]
        body = {"assistant_id": assistant_id, "content": content, "mode": mode}
        answer = await self.client.post(f"/api/threads/{thread_id}/runs/", json=body)
        assert answer.status_code in (201, 202), answer.text
        return answer.json()

    async def receipt(self, run: dict):
        answer = await self.client.get(f"/api/runs/{run['id']}/receipt/")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def asked(self, *args, **kwargs):
        """The run and its receipt."""
        run = await self.ask(*args, **kwargs)
        return run, await self.receipt(run)


@pytest.fixture
def member(server, acme) -> Asking:
    return Asking(server.signed_in(acme))


def kinds(receipt) -> list[str]:
    return [step["kind"] for step in receipt["steps"]]


def answers_with(text: str, **usage: int):
    return {"match": {"endpoint": "chat"}, "response": {"content": text, "usage": usage}}


class Telling(PlayedModel):
    """A played model that says what it used."""

    async def _astream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        message = self._message(messages)
        chunk = AIMessageChunk(content=message.content, tool_calls=message.tool_calls)
        chunk.usage_metadata = message.usage_metadata
        yield ChatGenerationChunk(message=chunk)


class Metered(BaseChatModel):
    """A model whose provider reads some of the prompt from its cache, and says so."""

    @property
    def _llm_type(self) -> str:
        return "metered"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        usage = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
        message = AIMessage(
            "Sunny.",
            usage_metadata={**usage, "input_token_details": {"cache_read": 400}},
            response_metadata={"model_name": "gpt-test-2026-01-01"},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


# -- what is in it


async def test_it_names_the_assistants_version_the_model_the_prompt_and_the_rule(model_server, member, weather):
    model_server.play(says("It is sunny."))
    run, receipt = await member.asked("How is it in Oslo?")
    assert receipt["assistant"] == {"id": "weather", "version": "2.1"}
    assert run["assistant_version"] == "2.1"
    assert receipt["model"] == "gpt-test"
    assert receipt["prompt_hash"] == hashlib.sha256(b"You tell the weather.").hexdigest()
    assert receipt["rule"]["text"] == "Everyone signed in may see and run all assistants"
    assert (receipt["status"], kinds(receipt)) == ("completed", ["prepare", "model", "store"])


async def test_the_steps_are_in_order_and_inside_the_run(model_server, member, weather):
    model_server.play(calls(("get_weather", {"city": "Oslo"})), says("It is sunny in Oslo."))
    run, receipt = await member.asked("How is it in Oslo?")
    assert kinds(receipt) == ["prepare", "model", "tool", "model", "store"]
    starts = [step["start_ms"] for step in receipt["steps"]]
    assert starts == sorted(starts)
    assert all(step["start_ms"] + (step["ms"] or 0) <= receipt["total_ms"] + 0.1 for step in receipt["steps"])
    assert [step["purpose"] for step in receipt["steps"] if step["kind"] == "model"] == ["answer", "answer"]
    assert starts[3] < receipt["first_token_ms"] <= receipt["total_ms"]
    assert (run["first_token_ms"], run["total_ms"]) == (receipt["first_token_ms"], receipt["total_ms"])


async def test_it_keeps_tool_calls_with_arguments_and_results(model_server, member, weather):
    model_server.play(calls(("get_weather", {"city": "Oslo"})), says("It is sunny in Oslo."))
    _, receipt = await member.asked("How is it in Oslo?")
    [call] = receipt["tool_calls"]
    assert (call["name"], call["arguments"], call["result"]) == ("get_weather", {"city": "Oslo"}, "sunny in Oslo")
    assert (call["status"], call["error_type"]) == ("completed", "")
    assert call["call_id"] == next(step for step in receipt["steps"] if step["kind"] == "tool")["call_id"]


async def test_a_tools_failure_is_told_by_its_kind_and_without_its_text(model_server, member, weather):
    model_server.play(calls(("get_weather", {"city": "Atlantis"})), says("I could not find it."))
    _, receipt = await member.asked("How is it in Atlantis?")
    [call] = receipt["tool_calls"]
    assert (call["status"], call["error_type"]) == ("failed", "LookupError")
    assert "swordfish" not in str(receipt)


async def test_passages_are_kept_with_scores_and_hashes_cited_or_not(member, acme):
    document = str(await acme.run(lambda: add_ready_document(acme, REFUNDS, source="refunds.md")))
    _, receipt = await member.asked("Within how many days may a customer return an anvil?", "docs_assistant")
    assert kinds(receipt) == ["prepare", "search", "model", "store"]
    passage = receipt["passages"][0]
    assert (passage["number"], passage["document_id"], passage["title"]) == (1, document, "Refund policy")
    assert passage["score"] > 0

    def chunk_text() -> str:
        from rag.models import Chunk

        return Chunk.objects.get(pk=passage["chunk_id"]).text

    text = await acme.run(chunk_text)
    assert passage["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    search = receipt["steps"][1]
    assert search["query"] == "Within how many days may a customer return an anvil?"
    assert search["found"] == len(receipt["passages"])


LONG = "# Anvils\n\n" + "\n\n".join(
    f"Anvil number {number} may be returned within {number + 10} days. " + "It is heavy and rings when struck. " * 12
    for number in range(8)
)
PRICE_LIST = "# Prices of anvils\n\n| anvil | returned within | price |\n|---|---|---|\n" + "".join(
    f"| anvil model {number} | {number} days | {number * 7} dollars, without the stand and the hammer |\n"
    for number in range(60)
)


async def test_the_console_finds_the_text_of_passages_that_join_chunks_or_stand_in_a_table(member, acme):
    for source, text in (("anvils.md", LONG), ("prices.md", PRICE_LIST)):
        await acme.run(partial(add_ready_document, acme, text, source))
    _, receipt = await member.asked("Within how many days may an anvil be returned?", "docs_assistant")
    read = await acme.run(lambda: passages_of(receipt, acme.actor(acme.owner)))
    assert {each.facts["title"] for each in read} == {"Anvils", "Prices of anvils"}
    assert None not in [each.text for each in read]
    assert any(each.facts["end"] - each.facts["start"] > 1500 for each in read), "several chunks are one passage"

    def change() -> None:
        Document.objects.update(text="Something else")
        Chunk.objects.update(text="Something else")

    await acme.run(change)
    assert {each.text for each in await acme.run(lambda: passages_of(receipt, acme.actor(acme.owner)))} == {None}


async def test_a_rewritten_question_is_in_it_and_its_model_call_is_counted(model_server, member, registry, acme):
    class Guide(AIAssistant):
        id = "guide"
        name = "Guide"
        instructions = "You answer."
        model = "gpt-test"
        has_rag = True

    await acme.run(lambda: add_ready_document(acme, REFUNDS, source="refunds.md"))
    model_server.play(answers_with("Returns of anvils", prompt_tokens=10, completion_tokens=2))
    first = await member.ask("What of anvils?", "guide")
    run, receipt = await member.asked("And how long?", "guide", thread_id=first["thread_id"])
    assert kinds(receipt) == ["prepare", "model", "search", "model", "store"]
    assert receipt["steps"][1]["purpose"] == "rewrite"
    assert receipt["steps"][2]["query"] == "Returns of anvils"
    assert run["tokens_in"] == 20


async def test_a_long_tool_result_is_cut_and_the_thread_keeps_all_of_it(model_server, member, registry):
    class Long(AIAssistant):
        id = "long"
        name = "Long"
        instructions = "You read."
        model = "gpt-test"

        @method_tool
        def read(self) -> str:
            """Read it all."""
            return "x" * 50_000

    model_server.play(calls(("read", {})), says("Read."))
    _, receipt = await member.asked("Read it", "long")
    assert len(receipt["tool_calls"][0]["result"]) == 4_000


async def test_another_answer_has_a_receipt_of_its_own(member):
    first, receipt = await member.asked("Hello", "docs_assistant")
    again = (await member.client.post(f"/api/runs/{first['id']}/regenerate/", json={})).json()
    other = await member.receipt(again)
    assert (other["run_id"], other["assistant"], other["rule"]) == (again["id"], receipt["assistant"], receipt["rule"])
    assert kinds(other) == kinds(receipt)


@pytest.mark.parametrize("decision", ["approve", "refuse"])
async def test_a_run_that_waited_has_one_receipt_of_both_parts(member, registry, use_model, settings, decision):
    class Office(AIAssistant):
        id = "office"
        name = "Office"
        instructions = "You help."

        @method_tool(requires_approval=True)
        def delete(self, what: str) -> str:
            """Delete something."""
            return f"{what} is gone"

    settings.ATRIUM_MODEL_PRICES = {"*": {"in": 2, "out": 0}}
    told = {"usage_metadata": {"input_tokens": 500_000, "output_tokens": 0, "total_tokens": 500_000}}
    proposal = wants(("delete", {"what": "files"})).model_copy(update=told)
    use_model(Telling(answers=[proposal, AIMessage("Done.", **told)]))
    waiting, first = await member.asked("Delete the files", "office")
    assert (waiting["status"], kinds(first)) == ("waiting", ["prepare", "model", "store"])
    body = {"decisions": [{"call_id": "call_1", "decision": decision}]}
    await member.client.post(f"/api/runs/{waiting['id']}/approvals/", json=body)
    run, receipt = (await member.client.get(f"/api/runs/{waiting['id']}/")).json(), await member.receipt(waiting)
    assert run["status"] == "completed"
    made = ["tool"] if decision == "approve" else []
    assert kinds(receipt) == [*kinds(first), "wait", "prepare", *made, "model", "store"]
    assert receipt["steps"][:3] == first["steps"]
    assert receipt["steps"][3]["start_ms"] >= first["total_ms"]
    assert (run["tokens_in"], run["cost"]) == (1_000_000, "2")
    [call] = receipt["tool_calls"]
    assert call["status"] == ("completed" if decision == "approve" else "refused")
    assert receipt["decisions"]["call_1"]["decision"] == decision


# -- what it cost


async def test_a_run_costs_what_its_tokens_cost(member, use_model, settings):
    settings.ATRIUM_MODEL_PRICES = PRICES
    use_model(Metered())
    run, receipt = await member.asked("How is it?", "docs_assistant")
    assert (run["tokens_in"], run["tokens_out"], run["tokens_cached"]) == (1000, 100, 400)
    assert run["cost"] == "0.0026"  # 600 at 2, 400 at 1 and 100 at 10 dollars a million
    price = {"in": "2", "out": "10", "cached_in": "1"}
    assert receipt["cost"] == {"amount": "0.0026", "currency": "USD", "prices": {"gpt-test-2026-01-01": price}}


async def test_a_price_that_nobody_told_is_unknown_and_not_nothing(model_server, member, weather, acme):
    model_server.play(says("Sunny."))
    run, receipt = await member.asked("How is it?")
    assert run["cost"] is None
    assert receipt["cost"] == {"amount": None, "currency": "USD", "prices": {}}
    assert (await acme.run(Run.objects.get)).cost is None


async def test_the_offline_model_is_free(member, acme):
    run = await member.ask("Hello", "docs_assistant")
    assert run["cost"] == "0"
    assert (await acme.run(Run.objects.get)).cost == Decimal(0)


# -- runs that do not come to their end


async def test_a_failed_run_has_a_receipt_as_far_as_it_came(model_server, member, weather, acme):
    model_server.play(calls(("get_weather", {"city": "Oslo"})), fails(400, "bad key sk-secret"))
    run, receipt = await member.asked("How is it in Oslo?")
    assert run["status"] == receipt["status"] == "failed"
    assert kinds(receipt) == ["prepare", "model", "tool", "model", "store"]
    assert receipt["steps"][3]["error_type"] == "model_refused_request"
    assert receipt["tool_calls"][0]["result"] == "sunny in Oslo"
    assert "sk-secret" not in str(receipt)


async def test_a_cancelled_run_says_what_was_under_way(server, acme, slow_model, member):
    run = await member.ask("Go on", "docs_assistant", mode="background")
    early = await member.receipt(run)
    assert (early["status"], early["assistant"]["id"], early["steps"]) == ("running", "docs_assistant", [])
    await asyncio.sleep(0.2)
    await member.client.post(f"/api/runs/{run['id']}/cancel/")
    await member.client.get(f"/api/runs/{run['id']}/events/")
    receipt = await member.receipt(run)
    assert receipt["status"] == "cancelled"
    model = next(step for step in receipt["steps"] if step["kind"] == "model")
    assert model["error_type"] == "given_up"
    assert model["first_token_ms"] is not None
    assert receipt["cost"]["amount"] is None  # it had begun to speak, and nobody told what that costs


async def test_a_run_whose_process_died_has_what_its_log_knows(server, acme, member):
    call = {"call_id": "call_1", "name": "send_mail", "args": {"to": "bob"}}
    run = await orphan(acme, events=[("run.started", {}), ("tool.started", call)])
    await take_over()
    receipt = await member.receipt({"id": str(run.pk)})
    assert (receipt["status"], receipt["assistant"]["id"]) == ("failed", "docs_assistant")
    [made] = receipt["tool_calls"]
    assert (made["name"], made["arguments"], made["result"], made["status"]) == ("send_mail", {"to": "bob"}, None, "")
    assert receipt["cost"]["amount"] is None


# -- who sees it


async def test_only_who_asked_sees_it(server, acme, globex, member):
    run = await member.ask("Hello", "docs_assistant")
    path = f"/api/runs/{run['id']}/receipt/"
    stranger = server.signed_in(globex)
    assert (await stranger.get(path)).json()["code"] == "run_not_found"
    assert (await server.client(acme.host).get(path)).status_code == 401
    missing = await member.client.get(f"/api/runs/{uuid4()}/receipt/")
    assert (missing.status_code, missing.json()["code"]) == (404, "run_not_found")


async def test_the_administrators_detail_is_not_in_the_members_api(model_server, member, weather, acme):
    model_server.play(fails(400))
    run, receipt = await member.asked("How is it?")
    detail = {"error_detail_admin": "status 400, model gpt-test, for administrators"}
    await acme.run(lambda: Run.objects.update(**detail))
    again = (await member.client.get(f"/api/runs/{run['id']}/")).text + str(receipt)
    assert "for administrators" not in again
