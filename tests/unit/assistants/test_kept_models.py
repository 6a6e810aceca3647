"""Chat models are made once for the same facts; what an assistant does to its model stays with it."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from pydantic import BaseModel, Field

from assistants.llm.providers import chat_model
from assistants.llm.resilience.policy import call_policy


@pytest.fixture(autouse=True)
def a_provider(settings) -> None:
    settings.ATRIUM_OPENAI_API_KEY = "sk-test"
    settings.ATRIUM_OPENAI_BASE_URL = "http://model.invalid/v1"


def test_the_connections_are_shared():
    assert chat_model("m", 0.5).async_client is chat_model("m", 0.5).async_client


def test_what_an_assistant_changes_about_its_model_is_not_the_next_ones():
    changed = chat_model("m", 0.5)
    changed.temperature = 2.0
    changed.tags = ["mine"]
    assert (chat_model("m", 0.5).temperature, chat_model("m", 0.5).tags) == (0.5, None)


def test_other_facts_make_another_model(settings):
    first = chat_model("m", 0.5)
    assert chat_model("n", 0.5).model_name == "n"
    assert chat_model("m", 0.7).temperature == 0.7
    assert chat_model("m", None, {"max_tokens": 7}).max_tokens == 7
    settings.ATRIUM_OPENAI_API_KEY = "sk-other"
    assert chat_model("m", 0.5).async_client is not first.async_client


def test_an_argument_that_is_a_list_is_taken_as_well():
    assert chat_model("m", None, {"stop": ["."]}).stop == ["."]


def test_a_model_waits_as_the_deployment_says_and_leaves_retries_to_the_turn(settings):
    settings.AI_ASSISTANT_MODEL_TOTAL_SECONDS = 100
    model = chat_model("m", 0.5)
    assert (model.max_retries, model.stream_chunk_timeout) == (0, None)
    assert model.request_timeout == call_policy().client_timeout
    assert model.root_async_client.timeout == call_policy().client_timeout


def test_a_changed_time_out_makes_another_model(settings):
    first = chat_model("m", 0.5)
    settings.AI_ASSISTANT_MODEL_CONNECT_SECONDS = 1.5
    assert chat_model("m", 0.5).request_timeout[0] == 1.5
    del settings.AI_ASSISTANT_MODEL_CONNECT_SECONDS
    assert chat_model("m", 0.5).async_client is first.async_client


@pytest.mark.parametrize("name", ["timeout", "request_timeout"])
def test_an_assistants_own_arguments_win(name):
    model = chat_model("m", None, {name: 7, "max_retries": 4, "stream_chunk_timeout": 9})
    assert (model.request_timeout, model.max_retries, model.stream_chunk_timeout) == (7, 4, 9)


class PaidModel(BaseModel):
    """Stands for an extra's class, with the names that langchain-anthropic gives to its fields."""

    model_name: str
    max_retries: int = 2
    default_request_timeout: float | None = Field(None, alias="timeout")
    model_config = {"populate_by_name": True}


def test_other_providers_models_wait_the_same_way(monkeypatch, settings):
    monkeypatch.setitem(sys.modules, "langchain_anthropic", SimpleNamespace(ChatAnthropic=PaidModel))
    settings.AI_ASSISTANT_MODEL_TOTAL_SECONDS = 100
    made = chat_model("claude-9", provider="anthropic")
    assert (made.max_retries, made.default_request_timeout) == (0, 100)
    own = chat_model("claude-9", None, {"default_request_timeout": 3.0, "max_retries": 1}, provider="anthropic")
    assert (own.max_retries, own.default_request_timeout) == (1, 3.0)
