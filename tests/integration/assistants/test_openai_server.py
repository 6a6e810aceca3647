"""A real OpenAI-compatible server over HTTP: through the API, and from synchronous Python code.

``model_server`` plays from a script (tests/model_server.py); everything between it and the test is what runs in
production: langchain-openai, the OpenAI SDK, httpx, the graph, the runner, the database.
"""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel

from assistants import AIAssistant, method_tool
from assistants.models import Message, Run, RunEvent, Thread
from assistants.use_cases.threads import create_thread
from tenants.context import tenant_context
from tests.chat import Chat
from tests.model_server import calls, fails, says

pytestmark = pytest.mark.usefixtures("registry")


@pytest.fixture
def weather(registry) -> type[AIAssistant]:
    class Weather(AIAssistant):
        id = "weather"
        name = "Weather"
        instructions = "You tell the weather."
        model = "gpt-test"
        temperature = 0.5
        tool_max_concurrency = 4

        @method_tool
        def get_weather(self, city: str) -> str:
            """The weather in a city."""
            return f"sunny in {city}"

        @method_tool
        def get_tide(self, city: str) -> str:
            """The tide at a city."""
            return f"high tide in {city}"

    return Weather


@pytest.fixture
def forecast(registry) -> type[AIAssistant]:
    class Forecast(AIAssistant):
        id = "forecast"
        name = "Forecast"
        instructions = "You answer with an object."

        class Answer(BaseModel):
            city: str
            degrees: int

        structured_output = Answer

    return Forecast


@pytest.fixture
def chat_with(server, acme):
    async def begin(assistant: type[AIAssistant]) -> Chat:
        return await Chat.begin(server.signed_in(acme), assistant)

    return begin


# -- over the API


async def test_it_answers_with_text_and_stores_what_it_cost(model_server, chat_with, weather, acme):
    model_server.play(
        {
            "match": {"endpoint": "chat"},
            "response": {"content": "It is sunny.", "usage": {"prompt_tokens": 31, "completion_tokens": 7}},
        }
    )
    response = await (await chat_with(weather)).ask()
    assert response.status_code == 201
    assert [message["content"] for message in response.json()] == ["How is it in Oslo?", "It is sunny."]
    run = await acme.run(Run.objects.get)
    assert (run.tokens_in, run.tokens_out, run.model) == (31, 7, "gpt-test")


async def test_it_sends_what_the_assistant_says(model_server, chat_with, weather):
    model_server.play(says("It is sunny."))
    await (await chat_with(weather)).ask()
    [asked] = model_server.asked()
    assert (asked["model"], asked["temperature"]) == ("gpt-test", 0.5)
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert asked["messages"][0]["content"] == "You tell the weather."
    assert [tool["function"]["name"] for tool in asked["tools"]] == ["get_weather", "get_tide"]
    assert asked["tools"][0]["function"]["description"] == "The weather in a city."


async def test_it_remembers_the_conversation(model_server, chat_with, weather):
    model_server.play(says("Cloudy.", "And in Rome"), says("Sunny."))
    chat = await chat_with(weather)
    await chat.ask("How is it in Oslo?")
    await chat.ask("And in Rome?")
    said = [(message["role"], message["content"]) for message in model_server.asked()[-1]["messages"]]
    assert said[1:] == [("user", "How is it in Oslo?"), ("assistant", "Sunny."), ("user", "And in Rome?")]


async def test_it_calls_a_tool_and_tells_the_model_what_came_of_it(model_server, chat_with, weather, acme):
    model_server.play(calls(("get_weather", {"city": "Oslo"})), says("It is sunny in Oslo."))
    response = await (await chat_with(weather)).ask()
    assert [message["type"] for message in response.json()] == ["human", "ai"]
    sent = model_server.asked()[1]["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "tool"]
    assert sent[3]["content"] == "sunny in Oslo"
    assert sent[3]["tool_call_id"] == sent[2]["tool_calls"][0]["id"]
    kept = await acme.run(lambda: [row.type for row in Message.objects.all()])
    assert kept == ["human", "ai", "tool", "ai"]


async def test_it_calls_several_tools_at_once(model_server, chat_with, weather):
    model_server.play(calls(("get_weather", {"city": "Oslo"}), ("get_tide", {"city": "Oslo"})), says("Fine."))
    await (await chat_with(weather)).ask()
    answers = [message for message in model_server.asked()[1]["messages"] if message["role"] == "tool"]
    assert [message["content"] for message in answers] == ["sunny in Oslo", "high tide in Oslo"]


async def test_it_adds_up_the_tokens_of_all_calls(model_server, chat_with, weather, acme):
    usage = {"prompt_tokens": 10, "completion_tokens": 2}
    first = calls(("get_weather", {"city": "Oslo"}))
    first["response"]["usage"] = usage
    model_server.play(first, {"match": {"endpoint": "chat"}, "response": {"content": "Fine.", "usage": usage}})
    await (await chat_with(weather)).ask()
    run = await acme.run(Run.objects.get)
    assert (run.tokens_in, run.tokens_out) == (20, 4)


async def test_what_an_assistant_inside_another_costs_is_the_outer_runs(model_server, chat_with, weather, acme):
    class Guide(AIAssistant):
        id = "guide"
        name = "Guide"
        instructions = "You guide."

        def get_tools(self):
            return [weather().as_tool("Asks about the weather.")]

    first = calls(("weather", {"message": "Is it sunny there?"}), question="Oslo")
    inner, last = says("Yes.", "Is it sunny there?"), says("It is sunny.")
    for number, fixture in enumerate((first, inner, last)):
        fixture["response"]["usage"] = {"prompt_tokens": 10**number, "completion_tokens": 2 * 10**number}
    model_server.play(first, inner, last)
    await (await chat_with(Guide)).ask()
    run = await acme.run(Run.objects.get)
    assert (run.tokens_in, run.tokens_out) == (111, 222)


async def test_it_streams_the_answer_and_the_steps(model_server, chat_with, weather):
    text = "It is sunny in Oslo, and it will stay so for the rest of the week."
    model_server.play(calls(("get_weather", {"city": "Oslo"})), says(text, chunkSize=4))
    events = await (await chat_with(weather)).stream()
    kinds = [event.type for event in events]
    assert kinds[:3] == ["run.started", "tool.started", "tool.finished"]
    assert kinds[-1] == "run.done"
    assert "".join(event.data["text"] for event in events if event.type == "message.delta") == text
    assert events[1].data["args"] == {"city": "Oslo"}
    assert events[2].data["status"] == "completed"


async def test_it_answers_with_an_object_and_stores_what_it_cost(model_server, chat_with, forecast, acme):
    answer = {"city": "Oslo", "degrees": 7}
    usage = {"prompt_tokens": 12, "completion_tokens": 5}
    model_server.play(
        {"match": {"responseFormat": "json_schema"}, "response": {"content": answer, "usage": usage}},
    )
    response = await (await chat_with(forecast)).ask()
    assert json.loads(response.json()[1]["content"]) == answer
    [asked] = model_server.asked()
    assert asked["response_format"]["json_schema"]["schema"]["required"] == ["city", "degrees"]
    run = await acme.run(Run.objects.get)
    assert (run.tokens_in, run.tokens_out) == (12, 5)


async def test_it_says_so_when_the_object_has_another_structure(model_server, chat_with, forecast, acme):
    model_server.play({"match": {"endpoint": "chat"}, "response": {"content": {"town": "Oslo"}}})
    response = await (await chat_with(forecast)).ask()
    assert (response.status_code, response.json()["code"]) == (502, "model_reply_garbled")
    assert "structure" in response.json()["detail"]


@pytest.mark.parametrize(
    ("status", "code"), [(429, "model_busy"), (500, "model_broke"), (401, "model_key_refused"), (404, "model_unknown")]
)
async def test_a_refusal_of_the_server_leaves_the_question_and_a_failed_run(
    model_server, chat_with, weather, acme, status, code
):
    model_server.play(fails(status, "the provider's own words, with a secret"))
    response = await (await chat_with(weather)).ask()
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == code
    assert "secret" not in response.text
    run = await acme.run(Run.objects.get)
    assert (run.status, run.error_code) == ("failed", code)
    assert await acme.run(lambda: [row.type for row in Message.objects.all()]) == ["human"]


async def test_it_tries_again_when_the_server_is_busy_for_a_moment(model_server, chat_with, weather):
    busy = fails(429)
    busy["match"]["sequenceIndex"] = 0
    model_server.play(busy, says("It is sunny."))
    response = await (await chat_with(weather)).ask()
    assert response.json()[1]["content"] == "It is sunny."
    assert len(model_server.asked()) == 2


async def test_a_cut_stream_keeps_what_was_said(model_server, chat_with, weather, acme):
    text = "It is sunny in Oslo, and it will stay so."
    model_server.play(says(text, chunkSize=6, latency=20, truncateAfterChunks=4))
    chat = await chat_with(weather)
    events = await chat.stream()
    assert events[-1].type == "error"
    assert events[-1].data["code"].startswith("model_")
    question, partial = (await chat.client.get(chat.url)).json()
    assert (question["partial"], partial["partial"]) == (False, True)
    assert partial["content"]
    assert text.startswith(partial["content"])
    assert (await acme.run(Run.objects.get)).status == "failed"


async def test_a_server_that_does_not_answer_is_given_up(model_server, chat_with, weather, acme, settings):
    settings.ATRIUM_RUN_TIMEOUT = 0.3
    model_server.play(says("Too late.", chaos={"latencyMs": 20_000}))
    response = await (await chat_with(weather)).ask()
    assert response.json()["code"] == "model_timeout"
    assert (await acme.run(Run.objects.get)).error_code == "model_timeout"


async def test_a_thread_is_free_again_after_a_failure(model_server, chat_with, weather):
    failure = fails(500)
    failure["match"]["userMessage"] = "Oslo"
    model_server.play(failure, says("Sunny."))
    chat = await chat_with(weather)
    await chat.ask("How is it in Oslo?")
    assert (await chat.ask("And in Rome?")).status_code == 201


# -- from synchronous code


def test_run_answers_again_and_again_from_synchronous_code(model_server, weather, acme):
    model_server.play(says("Rainy.", "Bergen"), says("Sunny."))
    with tenant_context(acme.ref):
        assistant = weather(user=acme.member)
        assert assistant.run("How is it in Oslo?") == "Sunny."
        assert assistant.run("How is it in Bergen?") == "Rainy."
        assert weather().run("How is it in Oslo?") == "Sunny."


def test_run_calls_tools_again_and_again_from_synchronous_code(model_server, weather, acme):
    model_server.play(calls(("get_weather", {"city": "Oslo"})), says("Sunny."))
    with tenant_context(acme.ref):
        thread = create_thread(acme.actor(), "weather", "weather")
        for _ in range(2):
            assert weather(user=acme.member).run("How is it in Oslo?", thread_id=thread.pk) == "Sunny."
        kinds = [message.type for message in thread.get_messages(include_extra_messages=True)]
        assert kinds == ["human", "ai", "tool", "ai"] * 2
        assert Run.objects.filter(status="completed", tokens_out__gt=0).count() == 2
        steps = RunEvent.objects.filter(type="tool.finished").values_list("payload__status", flat=True)
        assert list(steps) == ["completed", "completed"]


async def test_the_server_and_synchronous_code_may_ask_by_turns(model_server, chat_with, weather, acme):
    """Each has its own event loop, and connections to the model server belong to the loop that made them."""
    model_server.play(says("Sunny."))
    chat = await chat_with(weather)
    for _ in range(3):
        assert (await chat.ask()).status_code == 201
        assert await acme.run(lambda: weather().run("How is it in Oslo?")) == "Sunny."


async def test_a_thread_begun_over_http_goes_on_in_python(model_server, chat_with, weather, acme):
    model_server.play(says("Sunny."))
    chat = await chat_with(weather)
    await chat.ask()
    thread = await acme.run(Thread.objects.get)
    await acme.run(lambda: weather(user=acme.member).run("And tomorrow?", thread_id=thread.pk))
    assert len((await chat.client.get(chat.url)).json()) == 4
