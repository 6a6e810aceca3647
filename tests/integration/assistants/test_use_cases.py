"""What a project calls from its own code: signatures, return values, errors, permissions."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import override_settings
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, message_to_dict

from assistants import AIAssistant, use_cases
from assistants.exceptions import AIAssistantNotDefinedError, AIUserNotAllowedError
from assistants.models import Message, Run, Thread
from assistants.use_cases import (
    create_message,
    create_thread,
    delete_message,
    delete_thread,
    get_assistant_cls,
    get_assistants_info,
    get_single_assistant_info,
    get_single_thread,
    get_thread_messages,
    get_threads,
    update_thread,
)
from tenants.context import tenant_context
from tenants.errors import Conflict, InvalidInput
from tenants.models import AccessRule
from tests.statements import counted

SIGNATURES = {
    "get_assistant_cls": "(assistant_id, user, request=None)",
    "get_single_assistant_info": "(assistant_id, user, request=None)",
    "get_assistants_info": "(user, request=None)",
    "create_message": "(assistant_id, thread, user, content, request=None)",
    "create_thread": "(name, user, assistant_id=None, request=None)",
    "get_single_thread": "(thread_id, user, request=None)",
    "get_threads": "(user, assistant_id=None, request=None)",
    "update_thread": "(thread, name, user, request=None)",
    "delete_thread": "(thread, user, request=None)",
    "get_thread_messages": "(thread, user, request=None)",
    "delete_message": "(message, user, request=None)",
}


@pytest.fixture
def weather() -> Iterator[type[AIAssistant]]:
    """An assistant whose model always says the same, in the registry for the test."""

    class WeatherAssistant(AIAssistant):
        id = "weather_assistant"
        name = "Weather Assistant"
        instructions = "You are a weather bot."

        def get_llm(self) -> GenericFakeChatModel:
            return GenericFakeChatModel(messages=iter([AIMessage(content="It is sunny.")]))

    yield WeatherAssistant
    AIAssistant.get_cls_registry().pop("weather_assistant")


@pytest.fixture
def member(acme, weather):
    with tenant_context(acme.ref):
        yield acme.member


@pytest.fixture
def outsider(acme):
    return acme.outsider


def say(thread: Thread, message) -> Message:
    return Message.objects.create(thread=thread, message=message_to_dict(message))


# -- the reference


@pytest.mark.parametrize("name", SIGNATURES)
def test_each_function_is_called_as_the_reference_says(name):
    plain = inspect.signature(getattr(use_cases, name))
    parameters = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in plain.parameters.values()]
    assert str(inspect.Signature(parameters)) == SIGNATURES[name]


@pytest.mark.parametrize("name", SIGNATURES)
def test_each_function_has_an_asynchronous_twin(name):
    plain, twin = getattr(use_cases, name), getattr(use_cases, f"a{name}")
    assert inspect.iscoroutinefunction(twin)
    assert inspect.signature(twin).parameters == inspect.signature(plain).parameters
    assert twin.__doc__


# -- assistants


def test_it_gives_an_assistant_that_the_user_may_run(member, weather):
    assert get_assistant_cls("weather_assistant", member) is weather
    assert get_single_assistant_info("weather_assistant", member) == {
        "id": "weather_assistant",
        "name": "Weather Assistant",
    }


def test_it_lists_the_assistants_that_the_user_may_run(member):
    AccessRule.objects.create(effect="deny", assistant_id="docs_assistant")
    assert {"id": "weather_assistant", "name": "Weather Assistant"} in get_assistants_info(member)
    assert "docs_assistant" not in [info["id"] for info in get_assistants_info(member)]
    assert get_assistants_info(user=None) == []


@pytest.mark.parametrize("function", [get_assistant_cls, get_single_assistant_info])
def test_it_tells_an_unknown_assistant_from_a_forbidden_one(member, function):
    AccessRule.objects.create(effect="deny", assistant_id="weather_assistant")
    with pytest.raises(AIUserNotAllowedError):
        function("weather_assistant", member)
    with pytest.raises(AIAssistantNotDefinedError):
        function("nobody", member)


# -- threads


def test_it_makes_a_thread_of_the_users(member):
    thread = create_thread(name="Weather Chat", user=member, assistant_id="weather_assistant")
    thread.refresh_from_db()
    assert (thread.name, thread.created_by, thread.assistant_id) == ("Weather Chat", member, "weather_assistant")
    assert create_thread("", member).assistant_id == ""


def test_it_makes_no_thread_for_nobody(member):
    for nobody in (None, AnonymousUser()):
        with pytest.raises(AIUserNotAllowedError):
            create_thread("x", nobody)


def test_it_binds_a_thread_only_to_an_assistant_that_can_answer_in_it(member):
    with pytest.raises(AIAssistantNotDefinedError):
        create_thread("x", member, assistant_id="nobody")
    AccessRule.objects.create(effect="deny", assistant_id="weather_assistant")
    with pytest.raises(AIUserNotAllowedError):
        create_thread("x", member, assistant_id="weather_assistant")


def test_it_gives_a_thread_by_its_id_in_any_form(member):
    thread = create_thread("x", member)
    assert get_single_thread(thread.id, member) == thread
    assert get_single_thread(str(thread.id), member) == thread


@pytest.mark.parametrize("thread_id", [uuid4(), "x", "", 7, None, "9" * 400])
def test_a_thread_that_does_not_exist_does_not_exist_whatever_the_form_of_its_id(member, thread_id):
    with pytest.raises(Thread.DoesNotExist):
        get_single_thread(thread_id, member)


def test_somebody_elses_thread_is_refused(member, outsider):
    thread = create_thread("x", member)
    for refused in (
        lambda: get_single_thread(thread.id, outsider),
        lambda: get_thread_messages(thread, outsider),
        lambda: update_thread(thread, "mine", outsider),
        lambda: delete_thread(thread, outsider),
        lambda: create_message("weather_assistant", thread, outsider, "hello"),
        lambda: delete_message(say(thread, HumanMessage("hello")), outsider),
    ):
        with pytest.raises(AIUserNotAllowedError):
            refused()
    thread.refresh_from_db()
    assert thread.name == "x"


def test_it_lists_the_users_own_threads_newest_first(member, outsider):
    first = create_thread("first", member)
    second = create_thread("second", member, assistant_id="weather_assistant")
    create_thread("theirs", outsider)
    assert get_threads(member) == [second, first]
    assert get_threads(member, assistant_id="weather_assistant") == [second]
    assert get_threads(user=None) == []


def test_listing_threads_asks_the_database_once_however_many_there_are(member):
    for number in range(20):
        create_thread(f"{number}", member)
    with counted() as statements:
        assert {thread.created_by for thread in get_threads(member)} == {member}
    assert len([read for read in statements.reads if "assistants_thread" in read]) == 1
    assert len(statements.reads) <= 3  # the member's roles, and the rules where the process keeps none


def test_it_renames_a_thread_and_returns_it(member):
    thread = update_thread(create_thread("old", member), "new", member)
    assert (thread.name, Thread.objects.get().name) == ("new", "new")


@pytest.mark.parametrize("name", ["x" * 300, "nul \x00"])
def test_it_refuses_a_name_that_cannot_be_stored(member, name):
    with pytest.raises(InvalidInput):
        create_thread(name, member)
    with pytest.raises(InvalidInput):
        update_thread(create_thread("x", member), name, member)


def test_it_deletes_a_thread_with_its_messages(member):
    thread = create_thread("x", member)
    say(thread, HumanMessage("hello"))
    assert delete_thread(thread, member) is None
    assert not Thread.objects.exists()
    assert not Message.objects.exists()


# -- messages


def test_it_stores_a_message_and_the_answer_to_it(member):
    thread = create_thread("x", member)
    answer = create_message("weather_assistant", thread, member, "How is the weather?")
    assert answer["output"] == "It is sunny."
    assert [message.content for message in answer["history"]] == []
    said = get_thread_messages(thread, member)
    assert [(message.type, message.content) for message in said] == [
        ("human", "How is the weather?"),
        ("ai", "It is sunny."),
    ]
    assert Run.objects.get().created_by == member


def test_it_refuses_a_message_to_an_assistant_that_the_user_may_not_run(member):
    thread = create_thread("x", member)
    AccessRule.objects.create(effect="deny", assistant_id="weather_assistant")
    with pytest.raises(AIUserNotAllowedError):
        create_message("weather_assistant", thread, member, "hello")
    with pytest.raises(AIAssistantNotDefinedError):
        create_message("nobody", thread, member, "hello")
    assert not Message.objects.exists()


def test_a_thread_takes_messages_for_its_own_assistant_only(member):
    thread = create_thread("x", member, assistant_id="docs_assistant")
    with pytest.raises(Conflict) as refused:
        create_message("weather_assistant", thread, member, "hello")
    assert refused.value.code == "thread_has_other_assistant"
    assert not Message.objects.exists()


@pytest.mark.parametrize("content", ["", "  ", "nul \x00"])
def test_it_refuses_a_message_that_says_nothing_and_stores_nothing(member, content):
    thread = create_thread("x", member)
    with pytest.raises(InvalidInput):
        create_message("weather_assistant", thread, member, content)
    assert not Message.objects.exists()


def test_it_gives_what_people_read_and_leaves_out_the_tools_part(member):
    thread = create_thread("x", member)
    say(thread, HumanMessage("hello"))
    say(thread, AIMessage("", tool_calls=[{"id": "1", "name": "look", "args": {}}]))
    say(thread, AIMessage("Hello!"))
    assert [message.content for message in get_thread_messages(thread, member)] == ["hello", "Hello!"]


def test_it_deletes_a_message_and_says_what_was_deleted(member):
    message = say(create_thread("x", member), HumanMessage("hello"))
    assert delete_message(message, member)[0] == 1
    assert not Message.objects.exists()


# -- permission functions of a project


def test_reading_messages_asks_the_view_permission(member, outsider):
    thread = create_thread("x", member)
    say(thread, HumanMessage("hello"))
    with override_settings(AI_ASSISTANT_CAN_VIEW_THREAD_FN="assistants.permissions.allow_all"):
        assert len(get_thread_messages(thread, outsider)) == 1
        assert get_single_thread(thread.id, outsider) == thread
    with override_settings(AI_ASSISTANT_CAN_VIEW_THREAD_FN=lambda thread, user, request=None: False):
        assert get_threads(member) == []
        with pytest.raises(AIUserNotAllowedError):
            get_thread_messages(thread, member)


def test_a_function_of_the_project_chooses_among_the_users_threads(member):
    kept, _ = create_thread("kept", member), create_thread("left out", member)

    def by_name(thread, user, request=None):
        return thread.name == "kept" and thread.created_by == user

    with override_settings(AI_ASSISTANT_CAN_VIEW_THREAD_FN=by_name), counted() as statements:
        assert get_threads(member) == [kept]
    assert len(statements.reads) == 1


def test_the_peers_permissions_can_be_had(member, outsider):
    with override_settings(
        AI_ASSISTANT_CAN_CREATE_THREAD_FN="assistants.permissions.allow_all",
        AI_ASSISTANT_CAN_VIEW_THREAD_FN="assistants.permissions.owns_thread",
        AI_ASSISTANT_CAN_DELETE_MESSAGE_FN="assistants.permissions.owns_thread",
        AI_ASSISTANT_CAN_RUN_ASSISTANT="assistants.permissions.allow_all",
    ):
        AccessRule.objects.all().delete()
        thread = create_thread("x", member)
        assert get_assistant_cls("weather_assistant", outsider).id == "weather_assistant"
        assert get_threads(member) == [thread]
        assert get_threads(outsider) == []
        with pytest.raises(AIUserNotAllowedError):
            get_single_thread(thread.id, outsider)
        with pytest.raises(AIUserNotAllowedError):
            delete_message(say(thread, HumanMessage("hello")), outsider)


@pytest.mark.parametrize("name", ["AI_ASSISTANT_CAN_RUN_ASSISTANT", "AI_ASSISTANT_CAN_RUN_ASSISTANT_FN"])
def test_the_run_permission_is_heard_under_both_of_its_names(member, name):
    with override_settings(**{name: lambda assistant_cls, user, request=None: assistant_cls.id != "weather_assistant"}):
        assert "weather_assistant" not in [info["id"] for info in get_assistants_info(member)]
        with pytest.raises(AIUserNotAllowedError):
            get_assistant_cls("weather_assistant", member)


# -- asynchronous code


async def test_the_twins_do_the_same_on_an_event_loop(acme, weather):
    with tenant_context(acme.ref):
        thread = await use_cases.acreate_thread("x", acme.member)
        answer = await use_cases.acreate_message("weather_assistant", thread, acme.member, "How is the weather?")
        said = await use_cases.aget_thread_messages(thread, acme.member)
        assert (answer["output"], [message.type for message in said]) == ("It is sunny.", ["human", "ai"])
        assert [row.created_by for row in await use_cases.aget_threads(acme.member)] == [acme.member]
        assert (await use_cases.aupdate_thread(thread, "y", acme.member)).name == "y"
        with pytest.raises(AIUserNotAllowedError):
            await use_cases.aget_single_thread(thread.pk, acme.outsider)
        with pytest.raises(AIUserNotAllowedError):
            await use_cases.acreate_message("weather_assistant", thread, acme.outsider, "hello")
        await use_cases.adelete_thread(thread, acme.member)
        with pytest.raises(Thread.DoesNotExist):
            await use_cases.aget_single_thread(thread.pk, acme.member)
        infos = await use_cases.aget_assistants_info(acme.member)
        assert await use_cases.aget_single_assistant_info("weather_assistant", acme.member) in infos
