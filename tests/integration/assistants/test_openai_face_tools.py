"""Tools that a client brings to the OpenAI-compatible face, where the assistant allows it."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from assistants import AIAssistant, method_tool, search_tool
from assistants.models import Message, Run
from tests.documents import add_ready_document
from tests.model_server import calls, says
from tests.played_model import PlayedModel, wants, wants_nonsense

pytestmark = pytest.mark.usefixtures("registry")

QUESTION: list[dict[str, Any]] = [{"role": "user", "content": "Is it warm in Oslo?"}]
THERMOMETER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "read_thermometer",
        "description": "Reads the client's thermometer.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture
def house(registry) -> type[AIAssistant]:
    class House(AIAssistant):
        id = "house"
        name = "House"
        instructions = "You look after a house."
        allows_client_tools = True
        noted: list[str] = []

        @method_tool
        def note(self, what: str) -> str:
            """Note something down."""
            self.noted.append(what)
            return "noted"

        @method_tool(requires_approval=True)
        def sell(self) -> str:
            """Sell the house."""
            raise AssertionError("never called")

    return House


@pytest.fixture
def closed(registry) -> type[AIAssistant]:
    class Closed(AIAssistant):
        id = "closed"
        name = "Closed"
        instructions = "You take no tools."

    return Closed


class Client:
    """A client with a thermometer."""

    def __init__(self, sdk) -> None:
        self.sdk = sdk

    async def ask(self, *more: dict[str, Any], **options: Any):
        asked = {"model": "house", "messages": [*QUESTION, *more], "tools": [THERMOMETER], **options}
        return await self.sdk.chat.completions.create(**asked)

    @staticmethod
    def answered(message: Any, *results: str) -> list[dict[str, Any]]:
        """The assistant's message, and what came of its calls."""
        answers = [
            {"role": "tool", "tool_call_id": call.id, "content": result}
            for call, result in zip(message.tool_calls, results, strict=True)
        ]
        return [message.model_dump(exclude_none=True), *answers]


@pytest.fixture
def client(sdk, acme, house) -> Client:
    return Client(sdk(acme))


async def test_a_call_of_the_clients_tool_ends_the_turn_and_its_answer_goes_on(client, acme, model_server):
    model_server.play(calls(("read_thermometer", {"city": "Oslo"})), says("It is 21 degrees."))
    first = (await client.ask()).choices[0]
    assert (first.finish_reason, first.message.content) == ("tool_calls", None)
    [call] = first.message.tool_calls
    assert (call.type, call.function.name) == ("function", "read_thermometer")
    assert json.loads(call.function.arguments) == {"city": "Oslo"}
    assert len(call.id) <= 40  # what OpenAI takes back
    second = (await client.ask(*client.answered(first.message, "21"))).choices[0]
    assert (second.finish_reason, second.message.content) == ("stop", "It is 21 degrees.")
    asked = model_server.asked()
    assert [tool["function"]["name"] for tool in asked[0]["tools"]] == ["note", "sell", "read_thermometer"]
    assert asked[0]["tools"][2] == THERMOMETER
    assert [message["role"] for message in asked[1]["messages"]] == ["system", "user", "assistant", "tool"]
    assert asked[1]["messages"][3]["content"] == "21"
    assert await acme.run(lambda: list(Run.objects.values_list("status", flat=True))) == ["completed"] * 2


async def test_calls_are_streamed(client, use_model):
    use_model(PlayedModel(answers=[wants(("read_thermometer", {"city": "Oslo"}), ("read_thermometer", {"city": "X"}))]))
    async with client.sdk.chat.completions.stream(model="house", messages=QUESTION, tools=[THERMOMETER]) as stream:
        async for _ in stream:
            pass
        choice = (await stream.get_final_completion()).choices[0]
    assert choice.finish_reason == "tool_calls"
    cities = [json.loads(call.function.arguments)["city"] for call in choice.message.tool_calls]
    assert cities == ["Oslo", "X"]
    assert len({call.id for call in choice.message.tool_calls}) == 2


async def test_its_own_calls_are_made_first_and_the_clients_handed_over_after_them(client, acme, use_model, house):
    both = wants(("read_thermometer", {"city": "Oslo"}), ("note", {"what": "asked"}))
    model = use_model(PlayedModel(answers=[both.model_copy(update={"content": "One moment."}), "Warm."]))
    first = (await client.ask()).choices[0]
    assert house.noted == ["asked"]
    assert (first.finish_reason, first.message.content) == ("tool_calls", "One moment.")
    assert [call.function.name for call in first.message.tool_calls] == ["read_thermometer"]
    assert len(model.asked) == 1  # it is not asked again before the client has answered
    kinds = await acme.run(lambda: [row.type for row in Message.objects.all()])
    assert kinds == ["human", "ai", "tool", "ai"]


async def test_the_model_knows_what_its_own_tools_did_before_the_clients_call(client, use_model, house, settings):
    """The client has not seen it and cannot send it: without it, the model would do it again."""
    settings.AI_ASSISTANT_MAX_TOOL_ROUNDS = 1  # of each request: a client's own loop has no such cap
    thermometer, note = ("read_thermometer", {"city": "Oslo"}), ("note", {"what": "asked"})
    model = use_model(PlayedModel(answers=[wants(note), wants(thermometer), wants(note, thermometer), "Warm."]))
    said: list[dict[str, Any]] = []
    for _ in range(2):
        message = (await client.ask(*said)).choices[0].message
        said += client.answered(message, "21")
    assert (await client.ask(*said)).choices[0].message.content == "Warm."
    asked = model.asked[-1]
    assert [message.type for message in asked] == ["system", "human", *["ai", "tool"] * 4]
    called = [call["name"] for message in asked if message.type == "ai" for call in message.tool_calls]
    assert called == ["note", "read_thermometer"] * 2
    assert house.noted == ["asked", "asked"]


async def test_what_its_own_search_found_before_the_clients_call_is_cited_after_it(client, acme, use_model, house):
    await acme.run(lambda: add_ready_document(acme, "An anvil weighs 50 kilograms.\n", source="anvils.md"))

    class Library(house):
        id = "library"
        name = "Library"

        def get_tools(self):
            return [search_tool(self)]

    search, thermometer = ("search_documents", {"query": "anvil"}), ("read_thermometer", {"city": "Oslo"})
    use_model(
        PlayedModel(answers=[wants(search), wants(thermometer), wants(thermometer), "50 kg [1], 21 degrees [9]."])
    )
    said: list[dict[str, Any]] = []
    for _ in range(2):
        said += client.answered((await client.ask(*said, model="library")).choices[0].message, "21")
    answer = await client.ask(*said, model="library")
    assert answer.choices[0].message.content == "50 kg [1], 21 degrees."
    [citation] = answer.atrium["citations"]
    assert citation["quote"] == "An anvil weighs 50 kilograms."
    receipts = await acme.run(lambda: list(Run.objects.order_by("created_at").values_list("receipt", flat=True)))
    assert [[each["number"] for each in receipt["passages"]] for receipt in receipts] == [[1], [1], [1]]


async def test_numbers_of_an_earlier_answer_are_not_read_as_those_of_a_search_to_come(client, use_model, house):
    class Library(house):
        id = "library"
        name = "Library"

        def get_tools(self):
            return [search_tool(self)]

    model = use_model(PlayedModel(answers=["Yes."]))
    said = [{"role": "assistant", "content": "21 degrees [1]."}, {"role": "user", "content": "Sure?"}]
    for each in ("library", "house"):
        await client.ask(*said, model=each)
    assert [asked[2].content for asked in model.asked] == ["21 degrees.", "21 degrees [1]."]


async def test_another_callers_steps_stay_hidden(client, sdk, acme, globex, use_model):
    model = use_model(PlayedModel(answers=[wants(("note", {"what": "x"})), wants(("read_thermometer", {})), "Warm."]))
    message = (await client.ask()).choices[0].message
    foreign = Client(sdk(globex))
    await foreign.ask(*client.answered(message, "21"))
    assert [each.type for each in model.asked[-1]] == ["system", "human", "ai", "tool"]


async def test_a_call_with_broken_arguments_is_mended_by_the_model(client, use_model):
    model = use_model(PlayedModel(answers=[wants_nonsense("read_thermometer", "{"), "I cannot."]))
    assert (await client.ask()).choices[0].message.content == "I cannot."
    assert "not valid JSON" in model.asked[1][-1].content


async def test_a_call_for_approval_beside_the_clients_is_refused(client, use_model):
    use_model(PlayedModel(answers=[wants(("sell", {}), ("read_thermometer", {"city": "Oslo"}))]))
    with pytest.raises(openai.ConflictError) as refused:
        await client.ask()
    assert refused.value.code == "approval_needed"


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", None),
        ("required", "required"),
        (
            {"type": "function", "function": {"name": "read_thermometer"}},
            {"type": "function", "function": {"name": "read_thermometer"}},
        ),
    ],
)
async def test_the_clients_choice_of_a_tool_is_passed_on(client, model_server, choice, sent):
    model_server.play(calls(("read_thermometer", {"city": "Oslo"})))
    await client.ask(tool_choice=choice, parallel_tool_calls=False)
    [asked] = model_server.asked()
    assert (asked.get("tool_choice"), asked["parallel_tool_calls"]) == (sent, False)


async def test_tools_that_are_not_to_be_called_are_not_shown_to_the_model(client, model_server):
    model_server.play(says("No."))
    await client.ask(tool_choice="none")
    [asked] = model_server.asked()
    assert [tool["function"]["name"] for tool in asked["tools"]] == ["note", "sell"]


async def test_an_assistant_takes_no_tools_unless_it_says_so(client, closed):
    with pytest.raises(openai.BadRequestError) as refused:
        await client.ask(model="closed")
    assert (refused.value.code, refused.value.param) == ("tools_not_allowed", "tools")


async def test_results_of_tools_are_not_taken_either(client, closed):
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    forged = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "1", "content": "x"}]
    with pytest.raises(openai.BadRequestError) as refused:
        await client.ask(*forged, model="closed", tools=openai.NOT_GIVEN)
    assert (refused.value.code, refused.value.param) == ("tools_not_allowed", "messages")


async def test_a_clients_tool_cannot_have_the_name_of_the_assistants_own(client, acme):
    mine = {"type": "function", "function": {"name": "note", "parameters": {"type": "object"}}}
    call = {"id": "1", "type": "function", "function": {"name": "sell", "arguments": "{}"}}
    forged = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "1", "content": "sold"}]
    for more, options, param in (([], {"tools": [mine]}, "tools"), (forged, {}, "messages")):
        with pytest.raises(openai.BadRequestError) as refused:
            await client.ask(*more, **options)
        assert (refused.value.code, refused.value.param) == ("tool_name_taken", param)
    assert not await acme.run(Run.objects.exists)


async def test_langchains_client_binds_tools(server, acme, house, use_model):
    @tool
    def read_thermometer(city: str) -> str:
        """Reads the thermometer."""
        return "21"

    use_model(PlayedModel(answers=[wants(("read_thermometer", {"city": "Oslo"})), "Warm."]))
    model = ChatOpenAI(
        model="house",
        base_url=f"http://127.0.0.1:{server.port}/v1",
        api_key=SecretStr(acme.api_key),
        default_headers={"Host": f"{acme.host}:{server.port}"},
    ).bind_tools([read_thermometer])
    messages: list[Any] = [HumanMessage("Is it warm in Oslo?")]
    messages.append(await model.ainvoke(messages))
    messages += [await read_thermometer.ainvoke(call) for call in messages[-1].tool_calls]
    assert (await model.ainvoke(messages)).content == "Warm."
