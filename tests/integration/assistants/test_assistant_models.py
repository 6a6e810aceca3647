"""Which model an assistant asks, with what, and for answers of what structure."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypedDict

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from pydantic import BaseModel

from assistants import AIAssistant, method_tool
from assistants.exceptions import (
    AIAssistantMisconfiguredError,
    EmptyAnswerError,
    ModelFailedError,
)
from assistants.llm.offline import OfflineChatModel
from assistants.llm.providers import chat_model
from assistants.models import Thread
from tenants.context import tenant_context
from tenants.models import User
from tests.played_model import PlayedModel, wants
from tests.somewhere import ALICE, Helper, aside

pytestmark = pytest.mark.usefixtures("registry")

ROOT = Path(__file__).parents[3]


# -- what reaches the model


@aside
class Weather(Helper):
    id = "assistants_weather"
    name = "Weather"
    instructions = "You are a weather bot."


def test_the_instructions_are_the_system_prompt(use_model, somewhere):
    model = use_model(PlayedModel(answers=["Sunny."]))
    Weather(actor=ALICE).run("How is it?")
    assert [(message.type, message.content) for message in model.asked[0]] == [
        ("system", "You are a weather bot."),
        ("human", "How is it?"),
    ]


def test_instructions_may_be_made_for_each_conversation(use_model, somewhere):
    class Dated(Weather):
        id = "dated"

        def get_instructions(self):
            return f"{self.instructions} Today is {self._init_kwargs['today']}."

    model = use_model(PlayedModel(answers=["Sunny."]))
    Dated(actor=ALICE, today="Sunday").run("How is it?")
    assert model.asked[0][0].content == "You are a weather bot. Today is Sunday."


def test_what_a_developer_overrides_may_ask_the_database(acme, use_model):
    """On the event loop too, where Django refuses queries: overridden methods run on a thread."""
    model = PlayedModel(answers=["Ok"])

    class FromRows(AIAssistant):
        id = "from_rows"
        name = "From rows"

        def get_instructions(self) -> str:
            return f"There are {User.objects.count()} members."

        def get_tools(self) -> Sequence[Any]:
            assert User.objects.exists()
            return super().get_tools()

        def get_llm(self) -> BaseChatModel:
            assert User.objects.exists()
            return model

    with tenant_context(acme.ref):
        assert FromRows().run("Go") == "Ok"
        assert model.asked[0][0].content == f"There are {User.objects.count()} members."


def sent_by(assistant: AIAssistant, settings: Any) -> dict[str, Any]:
    """The parameters of an assistant's requests to an OpenAI-compatible server."""
    settings.ATRIUM_OPENAI_API_KEY, settings.ATRIUM_CHAT_MODEL = "key", "deployments-own"
    llm: Any = assistant.get_llm()
    return llm._get_request_payload([HumanMessage("Hi")])


def test_model_and_temperature_are_sent(settings):
    exact = type("Exact", (Weather,), {"id": "exact", "model": "gpt-4o", "temperature": 0.0})
    sent = sent_by(exact(), settings)
    assert (sent["model"], sent["temperature"]) == ("gpt-4o", 0.0)
    assert (exact().get_model(), exact().get_temperature()) == ("gpt-4o", 0.0)


def test_without_a_model_the_deployments_is_taken_and_without_a_temperature_none_is_sent(settings):
    sent = sent_by(Weather(), settings)
    assert sent["model"] == "deployments-own"
    assert "temperature" not in sent


def test_methods_may_choose_model_and_temperature(settings):
    class Choosing(Weather):
        id = "choosing"

        def get_model(self) -> str:
            return f"model-for-{self._user}"

        def get_temperature(self) -> float:
            return 0.9

    sent = sent_by(Choosing(user="alice"), settings)
    assert (sent["model"], sent["temperature"]) == ("model-for-alice", 0.9)


def test_model_kwargs_are_sent_whether_langchain_knows_them_or_not(settings):
    class Detailed(Weather):
        id = "detailed"

        def get_model_kwargs(self) -> dict[str, Any]:
            return {"top_p": 0.5, "seed": 7, "parallel_tool_calls": False, "metadata": {"team": "red"}}

    sent = sent_by(Detailed(), settings)
    assert (sent["top_p"], sent["seed"], sent["parallel_tool_calls"]) == (0.5, 7, False)


def test_any_chat_model_may_be_given_by_get_llm(somewhere):
    model = PlayedModel(answers=["From elsewhere."])

    class Elsewhere(Weather):
        id = "elsewhere"

        def get_llm(self) -> BaseChatModel:
            return model

    assert Elsewhere(actor=ALICE).run("Hi") == "From elsewhere."


# -- providers


def test_without_a_key_the_offline_model_answers(settings):
    settings.ATRIUM_OPENAI_API_KEY = ""
    assert isinstance(Weather().get_llm(), OfflineChatModel)


def test_an_unknown_provider_is_refused_with_the_known_ones():
    with pytest.raises(AIAssistantMisconfiguredError, match=r"'mistral'.*openai, anthropic, google"):
        Weather(provider="mistral").get_llm()


@pytest.mark.parametrize(
    ("provider", "module"), [("anthropic", "langchain_anthropic"), ("google", "langchain_google_genai")]
)
def test_a_provider_that_is_not_installed_names_its_extra(monkeypatch, provider, module):
    monkeypatch.setitem(sys.modules, module, None)
    claude = type("Claude", (Weather,), {"id": "claude", "provider": provider, "model": "some-model"})
    with pytest.raises(AIAssistantMisconfiguredError, match=rf"pip install 'atrium\[{provider}\]'"):
        claude().get_llm()


def test_an_extra_provider_wants_a_models_name():
    with pytest.raises(AIAssistantMisconfiguredError, match="must name its model"):
        Weather(provider="anthropic").get_llm()


def test_the_named_extras_exist():
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert extras["anthropic"][0].startswith("langchain-anthropic")
    assert extras["google"][0].startswith("langchain-google-genai")
    for lock in (ROOT / "requirements").glob("*.lock"):
        assert "anthropic" not in lock.read_text()


class PaidModel(PlayedModel):
    """Stands for an extra's class: some arguments of its own, and whatever goes into each request."""

    answers: list[Any] = []
    model_name: str = ""
    temperature: float | None = None
    model_kwargs: dict[str, Any] = {}


def test_an_extras_class_gets_model_temperature_and_the_rest(monkeypatch):
    monkeypatch.setitem(sys.modules, "langchain_anthropic", SimpleNamespace(ChatAnthropic=PaidModel))
    made = chat_model("claude-9", 0.3, {"top_k": 4}, provider="anthropic")
    assert isinstance(made, PaidModel)
    assert (made.model_name, made.temperature, made.model_kwargs) == ("claude-9", 0.3, {"top_k": 4})
    silent = chat_model("claude-9", provider="anthropic")
    assert isinstance(silent, PaidModel)
    assert "temperature" not in silent.model_fields_set


# -- structured output


class City(BaseModel):
    """A city."""

    name: str
    people: int


class CityDict(TypedDict):
    """A city."""

    name: str
    people: int


CITY_SCHEMA = {
    "title": "City",
    "description": "A city.",
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["name", "people"],
}


def structured(schema: Any, **body: Any) -> type[AIAssistant]:
    return type("Structured", (Helper,), {"id": "structured", "name": "S", "structured_output": schema, **body})


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        (City, City(name="Oslo", people=700_000)),
        (CityDict, {"name": "Oslo", "people": 700_000}),
        (CITY_SCHEMA, {"name": "Oslo", "people": 700_000}),
    ],
)
def test_the_answer_may_be_an_object(use_model, somewhere, schema, found):
    model = use_model(PlayedModel(answers=[found]))
    assert structured(schema)(actor=ALICE).run("Oslo?") == found
    assert model.wanted == [schema]


@pytest.mark.parametrize("schema", [City, CityDict, CITY_SCHEMA])
def test_the_schema_is_sent_in_openais_own_way(settings, schema):
    settings.ATRIUM_OPENAI_API_KEY = "key"
    runnable: Any = structured(schema)().get_structured_output_llm()
    sent = runnable.first.kwargs["response_format"]
    wanted = sent["json_schema"]["schema"] if isinstance(sent, dict) else sent.model_json_schema()
    assert sorted(wanted["properties"]) == ["name", "people"]


def test_an_object_is_stored_as_json(acme, use_model):
    use_model(PlayedModel(answers=[City(name="Oslo", people=700_000)]))
    with tenant_context(acme.ref):
        thread = Thread.objects.create(created_by=acme.member)
        structured(City)(user=acme.member).run("Oslo?", thread_id=thread.pk)
        answer = thread.get_messages()[-1]
    assert json.loads(str(answer.content)) == {"name": "Oslo", "people": 700_000}


def test_tools_come_before_the_object(use_model, somewhere):
    class Census(structured(City)):  # type: ignore[misc]
        id = "census"

        @method_tool
        def count(self, city: str) -> int:
            """Count a city's people."""
            return 700_000

    answers = [wants(("count", {"city": "Oslo"})), "700,000 live there.", City(name="Oslo", people=700_000)]
    model = use_model(PlayedModel(answers=answers))
    assert Census(actor=ALICE).run("Oslo?") == City(name="Oslo", people=700_000)
    assert [message.type for message in model.asked[-1]] == ["system", "human", "ai", "tool", "ai"]


def test_no_object_is_an_empty_answer(use_model, somewhere):
    use_model(PlayedModel(answers=[None]))
    with pytest.raises(EmptyAnswerError):
        structured(City)(actor=ALICE).run("Oslo?")


def test_an_object_of_another_structure_is_the_models_failure(use_model, somewhere):
    from langchain_core.exceptions import OutputParserException

    use_model(PlayedModel(answers=[OutputParserException("not JSON: hunter2")]))
    with pytest.raises(ModelFailedError, match="wanted structure") as failed:
        structured(City)(actor=ALICE).run("Oslo?")
    assert "hunter2" not in str(failed.value)


def test_without_a_structure_there_is_no_structured_model():
    with pytest.raises(AIAssistantMisconfiguredError, match=r"Weather has no structured_output"):
        Weather().get_structured_output_llm()
