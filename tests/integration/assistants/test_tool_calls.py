"""What happens when a model calls tools: threads, failures, rounds, direct answers, approvals."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException

from assistants import method_tool
from assistants.exceptions import ToolRoundsExceededError
from tenants.actors import acting_actor
from tenants.context import current_tenant
from tenants.errors import NotFound
from tests.integration.assistants.asking import Weather, ask, tool_answers
from tests.played_model import PlayedModel, wants, wants_nonsense
from tests.somewhere import Helper, aside
from tests.waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("registry")


@aside
class Threads(Helper):
    id = "threads"
    name = "Threads"

    @method_tool
    def blocking(self) -> str:
        """Work on a thread."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return f"thread of {current_tenant().schema_name} for {acting_actor().label}"
        return "on the loop"

    @method_tool
    async def awaiting(self) -> str:
        """Work on the event loop."""
        await asyncio.sleep(0)
        return f"loop of {current_tenant().schema_name} for {acting_actor().label}"


def test_synchronous_tools_run_on_threads_and_asynchronous_ones_on_the_loop(use_model):
    model = PlayedModel(answers=[wants(("blocking", {}), ("awaiting", {})), "Ok"])
    answers = [message.content for message in tool_answers(ask(Threads, model, use_model))]
    assert answers == ["thread of somewhere for alice", "loop of somewhere for alice"]


@aside
class Failing(Helper):
    id = "failing"
    name = "Failing"

    @method_tool
    def leak(self) -> str:
        """Fail with a secret."""
        raise ConnectionError("cannot reach postgres://admin:hunter2@db")

    @method_tool
    def explain(self) -> str:
        """Fail with words for the model."""
        raise ToolException("There is no such city. Try a bigger one.")

    @method_tool
    def refuse(self) -> str:
        """Fail with one of our errors."""
        raise NotFound("There is no such issue.")

    @method_tool
    def exhaust(self) -> str:
        """Fail as ``next`` does."""
        return next(iter(()))

    @method_tool
    def leave(self) -> str:
        """Try to end the process."""
        raise SystemExit(3)

    @method_tool
    def parse(self) -> str:
        """Fail in validating something that the model did not send."""
        return str(Weather.Forecast(location="hunter2", day="hunter2"))

    @method_tool
    async def time_out(self) -> str:
        """Fail on the loop."""
        raise TimeoutError("hunter2")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("leak", "ConnectionError: the tool failed."),
        ("explain", "ToolException: There is no such city. Try a bigger one."),
        ("refuse", "NotFound: There is no such issue."),
        ("exhaust", "RuntimeError: the tool failed."),
        ("leave", "SystemExit: the tool failed."),
        ("parse", "ValidationError: the tool failed."),
        ("time_out", "TimeoutError: the tool failed."),
    ],
)
def test_a_failure_becomes_a_message_with_its_type_and_a_safe_text(use_model, name, told):
    model = PlayedModel(answers=[wants((name, {})), "It did not work."])
    answer = ask(Failing, model, use_model)
    [message] = tool_answers(answer)
    assert (message.content, message.status) == (told, "error")
    assert "hunter2" not in str(model.asked)
    assert answer["output"] == "It did not work."


def test_arguments_that_are_not_valid_are_told_with_the_field(use_model):
    model = PlayedModel(answers=[wants(("forecast", {"location": "Oslo", "day": "hunter2"})), "Ok"])
    [message] = tool_answers(ask(Weather, model, use_model))
    assert message.content.startswith("ValidationError: the arguments are not valid (day: Input should be a valid date")
    assert "hunter2" not in message.content


@pytest.mark.parametrize("arguments", ['{"location": ', '{"location": "Os', "[1]", "Oslo"])
def test_arguments_that_are_no_whole_json_object_are_told(use_model, arguments):
    model = PlayedModel(answers=[wants_nonsense("get_weather", arguments), "Ok"])
    answer = ask(Weather, model, use_model)
    [message] = tool_answers(answer)
    assert (message.status, message.tool_call_id) == ("error", "call_1")
    assert "not valid JSON" in message.content
    assert answer["output"] == "Ok"


def test_an_unknown_tool_is_told_with_the_known_ones(use_model):
    model = PlayedModel(answers=[wants(("get_wether", {})), "Ok"])
    [message] = tool_answers(ask(Weather, model, use_model))
    assert message.content.startswith("There is no tool named get_wether. The tools are: get_weather, forecast")


def test_one_failure_among_several_calls_spoils_only_its_own_answer(use_model):
    both = type("Both", (Failing, Weather), {"id": "both", "name": "Both"})
    model = PlayedModel(answers=[wants(("leak", {}), ("get_weather", {"location": "Oslo"})), "Ok"])
    answers = tool_answers(ask(both, model, use_model))
    assert [message.status for message in answers] == ["error", "success"]
    assert [message.tool_call_id for message in answers] == ["call_1", "call_2"]


def test_calls_without_ids_get_some(use_model):
    calls = wants(("get_weather", {"location": "Oslo"}), ("get_weather", {"location": "Rome"}))
    for call in calls.tool_calls:
        call["id"] = ""
    answer = ask(Weather, PlayedModel(answers=[calls, "Ok"]), use_model)
    asked = [call["id"] for call in answer["messages"][0].tool_calls]
    assert [message.tool_call_id for message in tool_answers(answer)] == asked
    assert len(set(asked)) == 2


@aside
class Counting(Helper):
    id = "counting"
    name = "Counting"
    running = peak = 0

    @method_tool
    async def count(self) -> str:
        """Count how many run at the same time."""
        cls = type(self)
        cls.running += 1
        cls.peak = max(cls.peak, cls.running)
        for _ in range(5):
            await asyncio.sleep(0)
        cls.running -= 1
        return str(cls.peak)


@pytest.mark.parametrize("most", [1, 2, 8])
def test_calls_run_at_the_same_time_as_far_as_the_class_allows(use_model, most):
    counting = type("Counting", (Counting,), {"id": "counted", "name": "Counting", "tool_max_concurrency": most})
    ask(counting, PlayedModel(answers=[wants(*[("count", {})] * 4), "Ok"]), use_model)
    assert counting.peak == min(most, 4)


def test_synchronous_tools_run_at_the_same_time_too(use_model):
    meeting = threading.Barrier(3)

    class Meeting(Helper):
        id = "meeting"
        name = "Meeting"
        tool_max_concurrency = 3

        @method_tool
        def meet(self, who: str) -> str:
            """Wait for the others."""
            meeting.wait(PATIENCE)
            return f"met {who}"

    calls = [("meet", {"who": name}) for name in ("a", "b", "c")]
    answers = tool_answers(ask(Meeting, PlayedModel(answers=[wants(*calls), "Ok"]), use_model))
    assert [message.content for message in answers] == ["met a", "met b", "met c"]  # in the order of the calls


# -- rounds


def test_the_rounds_are_capped_by_the_setting(use_model, settings):
    settings.AI_ASSISTANT_MAX_TOOL_ROUNDS = 3
    model = PlayedModel(answers=[wants(("get_weather", {"location": "Oslo"}))])
    with pytest.raises(ToolRoundsExceededError, match="3 times"):
        ask(Weather, model, use_model)
    assert len(model.asked) == 4


def test_the_rounds_are_capped_by_the_class(use_model, settings):
    settings.AI_ASSISTANT_MAX_TOOL_ROUNDS = 3
    patient = type("Patient", (Weather,), {"id": "patient", "name": "Patient", "max_tool_rounds": 40})
    model = PlayedModel(answers=[*[wants(("get_weather", {"location": "Oslo"}))] * 40, "At last."])
    assert ask(patient, model, use_model)["output"] == "At last."


def test_the_rounds_are_capped_without_any_setting(use_model):
    model = PlayedModel(answers=[wants(("get_weather", {"location": "Oslo"}))])
    with pytest.raises(ToolRoundsExceededError):
        ask(Weather, model, use_model)


# -- results that are the answer


def test_a_tools_result_may_be_the_answer(use_model):
    model = PlayedModel(answers=[wants(("compare_places", {"places": ["Oslo", "Rome"]})), "never asked"])
    answer = ask(Weather, model, use_model)
    assert answer["output"] == "Oslo < Rome"
    assert len(model.asked) == 1
    assert isinstance(answer["messages"][-1], AIMessage)


def test_a_direct_result_is_found_among_other_calls(use_model):
    calls = wants(("compare_places", {"places": ["Oslo", "Rome"]}), ("get_weather", {"location": "Oslo"}))
    assert ask(Weather, PlayedModel(answers=[calls, "never"]), use_model)["output"] == "Oslo < Rome"


def test_a_failed_direct_tool_is_the_models_to_deal_with(use_model):
    model = PlayedModel(answers=[wants(("compare_places", {"places": 3})), "Which places?"])
    assert ask(Weather, model, use_model)["output"] == "Which places?"


# -- calls that a person must approve


def test_a_tool_that_needs_approval_is_not_called(use_model):
    called = []

    class Careful(Helper):
        id = "careful"
        name = "Careful"

        @method_tool
        def look(self) -> str:
            """Look."""
            called.append("look")
            return "seen"

        @method_tool(requires_approval=True)
        def delete(self, what: str) -> str:
            """Delete something."""
            called.append("delete")
            return "gone"

    model = PlayedModel(answers=[wants(("look", {}), ("delete", {"what": "all"})), "never asked"])
    answer = ask(Careful, model, use_model)
    assert called == []  # nothing of the message: the model said it all in one breath
    assert answer["output"] is None
    assert [(call["name"], call["args"]) for call in answer["waiting"]] == [("delete", {"what": "all"})]


def test_a_langchain_tool_may_need_approval_too(use_model):
    def delete(what: str) -> str:
        """Delete something."""
        raise AssertionError("never called")

    class Careful(Helper):
        id = "careful"
        name = "Careful"

        def get_tools(self) -> Sequence[BaseTool]:
            return [StructuredTool.from_function(delete, metadata={"requires_approval": True})]

    answer = ask(Careful, PlayedModel(answers=[wants(("delete", {"what": "all"}))]), use_model)
    assert [call["name"] for call in answer["waiting"]] == ["delete"]
