"""An assistant as another one's tool."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from pydantic import BaseModel as PydanticModel

from assistants import AIAssistant, method_tool
from tenants.actors import Actor, acting_actor
from tenants.context import current_tenant, tenant_context
from tenants.models import AccessRule
from tests.integration.assistants.asking import ask, tool_answers
from tests.played_model import PlayedModel, wants
from tests.somewhere import ALICE, ELSEWHERE, SOMEWHERE, Helper, aside

pytestmark = pytest.mark.usefixtures("registry")


@aside
class Inner(Helper):
    id = "inner"
    name = "Inner"
    instructions = "inner"
    asked_by: list[Any] = []

    @method_tool
    def note(self) -> str:
        """Note who asks."""
        self.asked_by.append((acting_actor(), self.get_actor(), current_tenant()))
        return "noted"


@pytest.fixture
def inner():
    Inner.asked_by.clear()
    return Inner


def outer_with(inner_assistant: AIAssistant) -> type[AIAssistant]:
    class Outer(Helper):
        id = "outer"
        name = "Outer"

        def get_tools(self) -> Sequence[BaseTool]:
            return [inner_assistant.as_tool(description="Ask the inner one."), *super().get_tools()]

    return Outer


@pytest.fixture
def nested_model():
    """The outer assistant asks the inner one, which calls its tool; then both answer."""
    return PlayedModel(answers=[wants(("inner", {"message": "hello"})), wants(("note", {})), "from inside", "done"])


def test_an_assistant_may_be_anothers_tool(use_model, inner, nested_model):
    answer = ask(outer_with(Inner()), nested_model, use_model)
    assert answer["output"] == "done"
    assert [message.content for message in tool_answers(answer)] == ["from inside"]
    described = [(each.name, each.description) for each in outer_with(Inner())().get_tools()]
    assert described == [("inner", "Ask the inner one.")]
    assert [message.content for message in nested_model.asked[1]] == ["inner", "hello"]  # a conversation of its own


def test_an_assistant_inside_another_acts_for_the_one_who_asked(use_model, inner, nested_model):
    ask(outer_with(Inner()), nested_model, use_model)
    assert inner.asked_by == [(ALICE, ALICE, SOMEWHERE)]


def test_an_assistant_that_is_made_once_acts_for_each_in_turn(use_model, inner):
    """Kept at module level, say: it must not remember its first asker, who may even be another tenant's."""
    outer = outer_with(Inner())
    bob = Actor("system", ELSEWHERE, user_id=2)
    for actor in (ALICE, bob):
        answers = [wants(("inner", {"message": "hello"})), wants(("note", {})), "inside", "done"]
        use_model(PlayedModel(answers=answers))
        with tenant_context(actor.tenant):
            outer(actor=actor).run("Go")
    assert [asked[:2] for asked in inner.asked_by] == [(ALICE, ALICE), (bob, bob)]


def test_a_visitor_never_becomes_the_system(use_model, inner, nested_model, acme):
    from django.contrib.auth.models import AnonymousUser

    visitor = Actor("visitor", acme.ref, site_id="shop")
    use_model(nested_model)
    with tenant_context(acme.ref):
        AccessRule.objects.create(action="tool.use", audience="visitors")
        outer_with(Inner(user=AnonymousUser()))(actor=visitor).run("Go")
        assert inner.asked_by[0][0] == visitor
        assert Inner(user=AnonymousUser()).get_actor().kind == "visitor"
        assert Inner().get_actor().kind == "system"  # nobody asked: a job or a command


def test_a_failure_inside_is_told_to_the_outer_model(use_model, inner):
    asks, secret = wants(("inner", {"message": "hello"})), RuntimeError("the key is hunter2")
    model = PlayedModel(answers=[asks, secret, "It did not work."])
    answer = ask(outer_with(Inner()), model, use_model)
    assert tool_answers(answer)[0].content.startswith("ModelFailedError: The model did not answer.")
    assert "hunter2" not in str(model.asked)
    assert answer["output"] == "It did not work."


def test_an_approval_that_is_needed_inside_is_told_to_the_outer_model(use_model):
    class Careful(Helper):
        id = "careful"
        name = "Careful"

        @method_tool(requires_approval=True)
        def delete(self) -> str:
            """Delete all."""
            raise AssertionError("never called")

    model = PlayedModel(answers=[wants(("careful", {"message": "delete"})), wants(("delete", {})), "It cannot."])
    [answer] = tool_answers(ask(outer_with(Careful()), model, use_model))
    assert (answer.status, "approval" in answer.content) == ("error", True)


def test_a_structured_answer_inside_reaches_the_outer_model_as_json(use_model):
    class Answer(PydanticModel):
        city: str

    class Structured(Helper):
        id = "structured_inner"
        name = "Inner"
        structured_output = Answer

    model = PlayedModel(answers=[wants(("structured_inner", {"message": "hello"})), Answer(city="Oslo"), "done"])
    [answer] = tool_answers(ask(outer_with(Structured()), model, use_model))
    assert json.loads(answer.content) == {"city": "Oslo"}
