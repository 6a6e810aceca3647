"""An answer of a wanted structure comes as a whole: one event, checked, and with the last one again."""

from __future__ import annotations

import json
from typing import TypedDict

import pytest
from pydantic import BaseModel

from assistants import AIAssistant, method_tool
from assistants.models import Message, RunEvent
from tests.model_server import calls, says
from tests.played_model import PlayedModel
from tests.sse import SentEvent, read_events

OSLO = {"city": "Oslo", "degrees": 7}


class Answer(BaseModel):
    city: str
    degrees: int


class LooseAnswer(TypedDict):
    """The weather."""

    city: str
    degrees: int


@pytest.fixture
def forecast(registry) -> type[AIAssistant]:
    class Forecast(AIAssistant):
        id = "forecast"
        name = "Forecast"
        instructions = "You answer with an object."
        structured_output = Answer

    return Forecast


@pytest.fixture
def measured(registry, forecast) -> type[AIAssistant]:
    class Measured(forecast):
        id = "measured"

        @method_tool
        def measure(self, city: str) -> str:
            """Measure."""
            return f"7 degrees in {city}"

    return Measured


@pytest.fixture
def loose(registry, forecast) -> type[AIAssistant]:
    class Loose(forecast):
        id = "loose"
        structured_output = LooseAnswer

    return Loose


@pytest.fixture
def stream(server, acme):
    client = server.signed_in(acme)

    async def ask(assistant_id: str) -> list[SentEvent]:
        thread_id = (await client.post("/api/threads/", json={})).json()["id"]
        body = {"assistant_id": assistant_id, "content": "How is it in Oslo?", "mode": "stream"}
        return read_events((await client.post(f"/api/threads/{thread_id}/runs/", json=body)).text)

    return ask


async def test_an_object_is_one_event_before_the_last_and_in_the_last(stream, forecast, model_server):
    model_server.play(says(json.dumps(OSLO)))
    started, output, done = await stream("forecast")
    assert [started.type, output.type, done.type] == ["run.started", "output", "run.done"]
    assert output.data == {"output": OSLO}
    assert done.data["output"] == OSLO
    assert json.loads(done.data["messages"][1]["content"]) == OSLO


async def test_an_object_comes_as_a_whole_also_after_tools(stream, measured, model_server):
    an_object = says(json.dumps(OSLO))
    an_object["match"]["responseFormat"] = "json_schema"
    model_server.play(an_object, calls(("measure", {"city": "Oslo"})), says("I have measured it."))
    events = await stream("measured")
    kinds = [event.type for event in events]
    assert kinds[:3] == ["run.started", "tool.started", "tool.finished"]
    assert kinds[-2:] == ["output", "run.done"]
    assert kinds.count("output") == 1
    said = "".join(event.data["text"] for event in events if event.type == "message.delta")
    assert said == "I have measured it."  # what the model says by itself, and nothing of the object
    assert events[-1].data["output"] == OSLO


async def test_the_log_has_the_same_event(stream, forecast, use_model, acme):
    use_model(PlayedModel(answers=[Answer(**OSLO)]))
    events = await stream("forecast")
    kept = await acme.run(lambda: list(RunEvent.objects.order_by("sequence").values_list("type", "payload")))
    assert kept == [(event.type, event.data) for event in events]


async def test_a_text_answer_has_no_output(stream, use_model, registry):
    class Plain(AIAssistant):
        id = "plain"
        name = "Plain"
        instructions = "Answer."

    use_model(PlayedModel(answers=["Fine."]))
    events = await stream("plain")
    assert "output" not in [event.type for event in events]
    assert "output" not in events[-1].data


@pytest.mark.parametrize("found", [{"city": "Oslo"}, {"city": "Oslo", "degrees": "warm"}, ["Oslo"], "Oslo"])
async def test_an_object_of_another_structure_is_never_sent(stream, loose, use_model, acme, found):
    use_model(PlayedModel(answers=[found]))
    events = await stream("loose")
    assert [event.type for event in events] == ["run.started", "error"]
    assert "structure" in events[-1].data["detail"]
    assert await acme.run(Message.objects.count) == 1  # the question


async def test_what_json_cannot_hold_does_not_cost_the_answer(stream, loose, use_model):
    use_model(PlayedModel(answers=[{"city": "Os\x00lo", "degrees": 7}]))
    events = await stream("loose")
    assert events[-1].data["output"] == {"city": "Os\N{REPLACEMENT CHARACTER}lo", "degrees": 7}
