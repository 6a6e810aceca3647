"""Chat models are made once for the same facts; what an assistant does to its model stays with it."""

from __future__ import annotations

import pytest

from assistants.llm.providers import chat_model


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
