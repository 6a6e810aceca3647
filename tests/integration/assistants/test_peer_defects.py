"""What was seen to go wrong in django-ai-assistant 0.4.0 when assistants are run, and must not go wrong here.

Each of these fails there. Those of its HTTP API have their own tests (test_api_*.py).
"""

from __future__ import annotations

import threading

import pytest
from langchain_core.messages import AIMessage, HumanMessage, message_to_dict

from assistants import AIAssistant, method_tool
from assistants.exceptions import ModelFailedError, RunActiveError, ToolRoundsExceededError
from assistants.graph.history import MOST_MESSAGES
from assistants.models import Message, Run, Thread
from tenants.context import tenant_context
from tenants.errors import Conflict, InvalidInput
from tenants.models import User
from tests.model_server import says
from tests.played_model import PlayedModel, wants
from tests.somewhere import Helper, aside
from tests.waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("registry")


@aside
class Desk(Helper):
    id = "defects_desk"
    name = "Desk"

    @method_tool
    def look(self) -> str:
        """Look."""
        return ", ".join(User.objects.values_list("username", flat=True))

    @method_tool
    def connect(self) -> str:
        """Connect."""
        raise ConnectionError("postgres://admin:hunter2@db refused the connection")


@pytest.fixture
def thread(acme) -> Thread:
    with tenant_context(acme.ref):
        return Thread.objects.create(created_by=acme.member)


def test_a_failed_run_keeps_the_persons_message(acme, thread, use_model):
    """There, messages are saved by the graph's last node only."""
    use_model(PlayedModel(answers=[RuntimeError("the provider is down")]))
    with tenant_context(acme.ref):
        with pytest.raises(ModelFailedError):
            Desk(user=acme.member).run("Remember this.", thread_id=thread.pk)
        assert [message.content for message in thread.get_messages()] == ["Remember this."]
        assert Run.objects.get().status == "failed"


def test_a_failed_run_keeps_what_tools_and_model_have_said(acme, thread, use_model):
    use_model(PlayedModel(answers=[wants(("look", {})), RuntimeError("the provider is down")]))
    with tenant_context(acme.ref):
        with pytest.raises(ModelFailedError):
            Desk(user=acme.member).run("Who is here?", thread_id=thread.pk)
        kept = thread.get_messages(include_extra_messages=True)
        assert [message.type for message in kept] == ["human", "ai", "tool"]
        assert "member" in kept[2].content


def test_tool_rounds_have_a_cap_by_themselves(acme, thread, use_model):
    """There, sixty rounds ran without one."""
    model = use_model(PlayedModel(answers=[wants(("look", {}))]))
    with tenant_context(acme.ref):
        with pytest.raises(ToolRoundsExceededError):
            Desk(user=acme.member).run("Go", thread_id=thread.pk)
        assert Run.objects.get().error_code == "tool_rounds_exceeded"
    assert len(model.asked) < 60


def test_a_threads_own_assistant_is_enforced(acme, use_model):
    class Other(Helper):
        id = "defects_other"
        name = "Other"

    use_model(PlayedModel(answers=["Ok"]))
    with tenant_context(acme.ref):
        thread = Thread.objects.create(created_by=acme.member, assistant_id="defects_desk")
        with pytest.raises(Conflict, match="defects_desk"):
            Other(user=acme.member).run("Go", thread_id=thread.pk)
        assert not Message.objects.exists()
        assert Desk(user=acme.member).run("Go", thread_id=thread.pk) == "Ok"


def test_turns_in_one_thread_do_not_overlap(acme, thread, use_model):
    """There, four at once were all accepted, and mixed up the conversation."""
    looking, go_on = threading.Event(), threading.Event()

    class Slow(Helper):
        id = "defects_slow"
        name = "Slow"

        @method_tool
        def look(self) -> str:
            """Look, for a while."""
            looking.set()
            assert go_on.wait(PATIENCE)
            return "seen"

    def first_turn() -> None:
        from django.db import connection

        with tenant_context(acme.ref):
            Slow(user=acme.member).run("First", thread_id=thread.pk)
        connection.close()

    use_model(PlayedModel(answers=[wants(("look", {})), "Done."]))
    first = threading.Thread(target=first_turn)
    first.start()
    assert looking.wait(PATIENCE)
    with tenant_context(acme.ref):
        with pytest.raises(RunActiveError) as refused:
            Slow(user=acme.member).run("Second", thread_id=thread.pk)
        go_on.set()
        first.join()
        assert refused.value.facts["run_id"] == str(Run.objects.get().pk)
        assert [message.content for message in thread.get_messages()] == ["First", "Done."]


@pytest.mark.parametrize("content", ["", "  \n"])
def test_an_empty_question_is_refused_and_nothing_is_stored(acme, thread, use_model, content):
    """There, the answer to nothing was stored alone."""
    use_model(PlayedModel(answers=["What?"]))
    with tenant_context(acme.ref):
        with pytest.raises(InvalidInput):
            Desk(user=acme.member).run(content, thread_id=thread.pk)
        assert not Message.objects.exists()
        assert not Run.objects.exists()


def test_a_failing_tool_tells_the_model_no_secret(acme, thread, use_model):
    """There, the exception's own text went into the prompt."""
    model = use_model(PlayedModel(answers=[wants(("connect", {})), "It did not work."]))
    with tenant_context(acme.ref):
        assert Desk(user=acme.member).run("Go", thread_id=thread.pk) == "It did not work."
        stored = str(list(Message.objects.values_list("message", flat=True)))
    assert model.asked[-1][-1].content == "ConnectionError: the tool failed."
    assert "hunter2" not in str(model.asked) + stored


def test_a_long_thread_sends_only_its_newest_messages(acme, thread, use_model):
    """There, all of them are sent, at 132 ms of CPU for each thousand."""
    model = use_model(PlayedModel(answers=["Ok"]))
    said = [HumanMessage("question"), AIMessage("answer")]
    with tenant_context(acme.ref):
        for _ in range(500):
            Message.objects.bulk_create(Message(thread=thread, message=message_to_dict(message)) for message in said)
        Desk(user=acme.member).run("And now?", thread_id=thread.pk)
    [asked] = model.asked
    assert len(asked) <= MOST_MESSAGES + 2  # and the instructions and the question
    assert [message.content for message in asked[-3:]] == ["question", "answer", "And now?"]


def test_tools_of_another_thread_see_the_callers_tenant(acme, globex, use_model):
    """There, with django-tenants, they ran on ``public``."""
    for tenant in (acme, globex):
        model = use_model(PlayedModel(answers=[wants(("look", {})), "Ok"]))
        with tenant_context(tenant.ref):
            User.objects.create_user(f"somebody-of-{tenant.ref.schema_name}")
            Desk(user=tenant.member).run("Who is here?")
        assert f"somebody-of-{tenant.ref.schema_name}" in model.asked[-1][-1].content


def test_token_use_is_asked_for_from_servers_of_ones_own(acme, thread, model_server):
    """There, with a base URL, LangChain's default leaves it out, and it is lost."""
    model_server.play(says("Ok"))
    with tenant_context(acme.ref):
        Desk(user=acme.member).run("Go", thread_id=thread.pk)
        run = Run.objects.get()
        assert run.tokens_in > 0
        assert run.tokens_out > 0
    assert model_server.asked()[0]["stream_options"] == {"include_usage": True}


async def test_a_stream_is_what_the_model_says_and_nothing_else(acme, use_model):
    """LangGraph's own stream of messages also yields what tools say."""
    use_model(PlayedModel(answers=[wants(("look", {})), "Many\nare here."]))
    assistant: AIAssistant = Desk(user=acme.member)
    with tenant_context(acme.ref):
        assert [piece async for piece in assistant.astream("Who is here?")] == ["Many\n", "are here."]
