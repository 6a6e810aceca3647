"""Assistants: how one is written, found and asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import Runnable

from assistants import AIAssistant, method_tool
from assistants.exceptions import (
    AIAssistantMisconfiguredError,
    AIAssistantNotDefinedError,
    ModelFailedError,
)
from assistants.models import Message, Run, Thread
from tenants.context import tenant_context
from tenants.errors import NoTenant
from tenants.models import User
from tests.played_model import PlayedModel, wants
from tests.somewhere import ALICE, Helper, aside

pytestmark = pytest.mark.usefixtures("registry")

ROOT = Path(__file__).parents[3]


@aside
class Weather(Helper):
    id = "assistants_weather"
    name = "Weather"
    instructions = "You are a weather bot."


# -- defining and finding


def test_assistants_of_every_installed_app_are_found(tmp_path):
    """In a process of its own: a project that adds an app with an ``ai_assistants.py``."""
    app = tmp_path / "weather_app"
    app.mkdir()
    (app / "__init__.py").touch()
    (app / "ai_assistants.py").write_text(
        "from assistants import AIAssistant\n\n\n"
        "class Weather(AIAssistant):\n"
        "    id = 'weather_of_the_app'\n    name = 'Weather'\n    instructions = 'You tell the weather.'\n"
    )
    (tmp_path / "project_settings.py").write_text(
        "from tests.settings import *\n\nINSTALLED_APPS = [*INSTALLED_APPS, 'weather_app']\n"
    )
    program = (
        "import django, json; django.setup(); from assistants import AIAssistant; "
        "print(json.dumps({id: cls.__module__ for id, cls in AIAssistant.get_cls_registry().items()}))"
    )
    found = json.loads(in_a_process(tmp_path, "-c", program))
    assert found["weather_of_the_app"] == "weather_app.ai_assistants"
    assert found["docs_assistant"] == "assistants.ai_assistants"


def in_a_process(folder: Path, *arguments: str) -> str:
    """What Python prints, with ``folder``'s settings."""
    path = [str(folder), str(ROOT), str(ROOT / "platform")]
    done = subprocess.run(
        [sys.executable, *arguments],
        env={"PYTHONPATH": ":".join(path), "DJANGO_SETTINGS_MODULE": "project_settings", "PATH": "/usr/bin:/bin"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_class_with_an_id_is_registered_when_it_is_defined(registry):
    class Weather(Helper):
        id = "weather"
        name = "Weather"

    assert registry["weather"] is Weather
    assert AIAssistant.get_cls_registry()["weather"] is Weather
    assert AIAssistant.get_cls("weather") is Weather
    assert Helper not in registry.values()


def test_an_unknown_id_is_refused_by_name():
    with pytest.raises(AIAssistantNotDefinedError, match="'nobody'"):
        AIAssistant.get_cls("nobody")


def test_the_registry_can_be_cleared():
    AIAssistant.clear_cls_registry()
    assert AIAssistant.get_cls_registry() == {}


@pytest.mark.parametrize("id", ["with space", "ä", "", "a/b", "a.b", "x" * 256, 7, None, "a\n"])
def test_an_id_that_does_not_fit_the_pattern_is_refused(id):
    with pytest.raises(AIAssistantMisconfiguredError, match=r"Odd: id .* must be 1 to 255 letters"):
        type("Odd", (Helper,), {"id": id, "name": "Odd"})


@pytest.mark.parametrize("id", ["a", "A-b_9", "x" * 255])
def test_an_id_that_fits_is_taken(id):
    assert AIAssistant.get_cls(type("Fine", (Helper,), {"id": id, "name": "Fine"}).id).id == id


def test_two_assistants_of_one_id_are_refused_and_both_are_named():
    class First(Helper):
        id = "same"
        name = "First"

    with pytest.raises(AIAssistantMisconfiguredError) as refused:

        class Second(Helper):
            id = "same"
            name = "Second"

    for name in ("First", "Second"):
        assert f"{__name__}.test_two_assistants_of_one_id_are_refused_and_both_are_named.<locals>.{name}" in str(
            refused.value
        )
    assert AIAssistant.get_cls("same") is First


def test_a_module_may_be_read_again():
    def define() -> type[AIAssistant]:
        class Again(Helper):
            id = "again"
            name = "Again"

        return Again

    define()
    latest = define()
    assert AIAssistant.get_cls("again") is latest


@pytest.mark.parametrize("name", [None, "", "  ", 7])
def test_an_assistant_needs_a_name(name):
    with pytest.raises(AIAssistantMisconfiguredError, match="needs a name"):
        type("Nameless", (Helper,), {"id": "nameless", "name": name})


def test_an_assistant_needs_instructions_or_its_own_way_to_them():
    with pytest.raises(AIAssistantMisconfiguredError, match="needs instructions"):
        type("Aimless", (AIAssistant,), {"id": "aimless", "name": "Aimless"})
    type("Dynamic", (AIAssistant,), {"id": "dynamic", "name": "Dynamic", "get_instructions": lambda self: "Help."})


def test_an_assistant_without_an_id_is_a_base_and_answers_nobody():
    with pytest.raises(AIAssistantMisconfiguredError, match="Helper needs an id"):
        Helper()


# -- the constructor


def test_the_constructor_keeps_what_it_is_given():
    class Kept(Helper):
        id = "kept"
        name = "Kept"

    user, request, view = User(username="alice"), HttpRequest(), object()
    assistant = Kept(user=user, request=request, view=view, provider="google", team="red", actor="Peter Lorre")
    assert (assistant._user, assistant._request, assistant._view) == (user, request, view)
    assert assistant._provider == "google"
    assert assistant._init_kwargs == {"team": "red", "actor": "Peter Lorre"}
    assert (Kept()._user, Kept()._request, Kept()._view, Kept()._provider, Kept()._init_kwargs) == (
        *(None, None, None),
        "openai",
        {},
    )


def test_tools_reach_what_the_constructor_was_given(use_model, somewhere):
    class Greeter(Helper):
        id = "greeter"
        name = "Greeter"

        @method_tool
        def greet(self) -> str:
            """Greet the user."""
            return f"{self._user.username} {self._request.path} {self._view.title} {self._init_kwargs['team']}"

    request = HttpRequest()
    request.path = "/hello/"
    model = use_model(PlayedModel(answers=[wants(("greet", {})), "Hello."]))
    view = SimpleNamespace(title="front")
    Greeter(actor=ALICE, user=User(username="alice"), request=request, view=view, team="red").run("Hi")
    assert model.asked[-1][-1].content == "alice /hello/ front red"


# -- asking


def test_run_returns_the_answers_text(use_model, somewhere):
    use_model(PlayedModel(answers=["Sunny."]))
    assert Weather(actor=ALICE).run("How is it?") == "Sunny."


def test_invoke_returns_the_whole_turn(use_model, somewhere):
    use_model(PlayedModel(answers=["Sunny."]))
    answer = Weather(actor=ALICE).invoke({"input": "How is it?", "more": 1})
    assert (answer["input"], answer["output"], answer["history"], answer["more"]) == ("How is it?", "Sunny.", [], 1)
    assert [message.content for message in answer["messages"]] == ["Sunny."]


async def test_asynchronous_code_asks_the_same_way(use_model, somewhere):
    use_model(PlayedModel(answers=["Sunny."]))
    assert await Weather(actor=ALICE).arun("How is it?") == "Sunny."
    assert (await Weather(actor=ALICE).ainvoke({"input": "How is it?"}))["output"] == "Sunny."


async def test_synchronous_forms_are_refused_on_the_event_loop(use_model, somewhere):
    use_model(PlayedModel(answers=["Sunny."]))
    with pytest.raises(RuntimeError, match="on an event loop: await its async form"):
        Weather(actor=ALICE).run("How is it?")


async def test_astream_yields_the_text_as_it_comes(use_model, somewhere):
    use_model(PlayedModel(answers=["one\ntwo\nthree"]))
    pieces = [piece async for piece in Weather(actor=ALICE).astream("Count.")]
    assert pieces == ["one\n", "two\n", "three"]


async def test_astream_says_that_the_model_failed_and_why(use_model, somewhere):
    use_model(PlayedModel(answers=[RuntimeError("down")]))
    with pytest.raises(ModelFailedError) as failed:
        [piece async for piece in Weather(actor=ALICE).astream("Count.")]
    assert str(failed.value.__cause__) == "down"
    assert failed.value.detail_for_admin == "model_failed, RuntimeError, model PlayedModel"


async def test_a_stream_that_nobody_reads_to_its_end_is_stored_as_far_as_it_came(acme, use_model):
    use_model(PlayedModel(answers=["one\ntwo\nthree"]))
    thread = await acme.run(lambda: Thread.objects.create(created_by=acme.member))
    with tenant_context(acme.ref):
        stream = Weather(user=acme.member).astream("Count.", thread_id=thread.pk)
        assert await anext(stream) == "one\n"
        await stream.aclose()
    run = await acme.run(Run.objects.get)
    assert run.status in ("failed", "completed")  # as quick as the model was
    assert (await acme.run(thread.get_messages))[0].content == "Count."


def test_as_graph_is_a_langchain_runnable(use_model, somewhere):
    use_model(PlayedModel(answers=["Sunny."]))
    graph = Weather(actor=ALICE).as_graph()
    assert isinstance(graph, Runnable)
    assert graph.invoke({"input": "How is it?"})["output"] == "Sunny."
    chained = graph | (lambda answer: answer["output"].upper())
    assert chained.invoke({"input": "How is it?"}) == "SUNNY."
    assert [each["output"] for each in graph.batch([{"input": "a"}, {"input": "b"}])] == ["Sunny.", "Sunny."]


class Watching(BaseCallbackHandler):
    """What a tracing tool hooks in."""

    def __init__(self) -> None:
        self.questions: list[str] = []

    def on_chat_model_start(self, serialized: Any, messages: list[list[Any]], **kwargs: Any) -> None:
        self.questions.append(messages[0][-1].content)


def test_a_langchain_configuration_is_honoured(acme, use_model):
    use_model(PlayedModel(answers=["Sunny."]))
    watching = Watching()
    with tenant_context(acme.ref):
        thread = Thread.objects.create(created_by=acme.member)
        Weather(user=acme.member).invoke({"input": "alone"}, {"callbacks": [watching]})
        Weather(user=acme.member).invoke({"input": "in a thread"}, {"callbacks": [watching]}, thread_id=thread.pk)
    assert watching.questions == ["alone", "in a thread"]


def test_a_thread_stores_the_conversation_and_gives_it_back_to_the_model(acme, use_model):
    model = use_model(PlayedModel(answers=["Sunny.", "Rainy."]))
    with tenant_context(acme.ref):
        thread = Thread.objects.create(created_by=acme.member)
        first = Weather(user=acme.member).invoke({"input": "Today?"}, thread_id=thread.pk)
        second = Weather(user=acme.member).as_graph(thread.pk).invoke({"input": "Tomorrow?"})
        assert [message.content for message in thread.get_messages()] == ["Today?", "Sunny.", "Tomorrow?", "Rainy."]
        assert Run.objects.filter(status="completed", created_by=acme.member, actor_kind="member").count() == 2
    assert [message.content for message in model.asked[1][1:]] == ["Today?", "Sunny.", "Tomorrow?"]
    assert (first["output"], second["output"]) == ("Sunny.", "Rainy.")
    assert [message.content for message in second["history"]] == ["Today?", "Sunny."]


def test_nothing_is_stored_without_a_thread(acme, use_model):
    use_model(PlayedModel(answers=["Sunny."]))
    with tenant_context(acme.ref):
        Weather(user=acme.member).run("How is it?")
        assert not Message.objects.exists()
        assert not Run.objects.exists()


def test_a_thread_that_does_not_exist_is_refused(acme, use_model):
    use_model(PlayedModel(answers=["Sunny."]))
    with tenant_context(acme.ref), pytest.raises(Thread.DoesNotExist):
        Weather(user=acme.member).run("How is it?", thread_id="00000000-0000-7000-8000-000000000000")


def test_a_question_may_have_several_parts(acme, use_model):
    model = use_model(PlayedModel(answers=["A cat."]))
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
    ]
    with tenant_context(acme.ref):
        thread = Thread.objects.create(created_by=acme.member)
        assert Weather(user=acme.member).run(parts, thread_id=thread.pk) == "A cat."
        assert thread.get_messages()[0].content == parts
    assert model.asked[0][-1].content == parts


def test_outside_of_any_tenant_it_says_what_to_do(use_model):
    use_model(PlayedModel(answers=["never"]))
    with pytest.raises(NoTenant, match="inside `with tenant_context"):
        Weather().run("How is it?")


def test_an_answer_that_takes_too_long_is_given_up(use_model, somewhere, settings):
    import asyncio

    settings.ATRIUM_RUN_TIMEOUT = 0.05

    class Endless(PlayedModel):
        async def _astream(self, *args: Any, **kwargs: Any):
            await asyncio.sleep(60)
            yield

    use_model(Endless(answers=[]))
    with pytest.raises(TimeoutError):
        Weather(actor=ALICE).run("How is it?")
