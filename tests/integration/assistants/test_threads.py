"""Threads and messages: the rows that a conversation is, and their keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage, message_to_dict, messages_from_dict

from assistants import method_tool
from assistants.models import Message, Run, RunEvent, Thread
from tenants.context import tenant_context
from tenants.models import User
from tests.played_model import PlayedModel, wants
from tests.somewhere import Helper, aside

pytestmark = pytest.mark.usefixtures("registry")


@aside
class Desk(Helper):
    id = "threads_desk"
    name = "Desk"

    @method_tool
    def look(self) -> str:
        """Look."""
        return "something"


@pytest.fixture
def conversation(acme, use_model) -> Thread:
    """A question, a tool's call and its result, an answer."""
    use_model(PlayedModel(answers=[wants(("look", {})), "Seen."]))
    with tenant_context(acme.ref):
        thread = Thread.objects.create(name="Looking", created_by=acme.member)
        Desk(user=acme.member).run("What is there?", thread_id=thread.pk)
    return thread


# -- rows


@pytest.mark.parametrize("model", [Thread, Message, Run, RunEvent])
def test_keys_are_uuids_of_version_7(acme, conversation, model):
    with tenant_context(acme.ref):
        for key in model.objects.values_list("pk", flat=True):
            assert isinstance(key, UUID)
            assert key.version == 7


def test_later_rows_have_greater_keys(acme):
    with tenant_context(acme.ref):
        keys = [Thread.objects.create().pk for _ in range(20)]
    assert keys == sorted(keys)


def test_messages_are_stored_as_langchain_dicts(acme, conversation):
    with tenant_context(acme.ref):
        rows = list(Message.objects.order_by("created_at"))
    read = messages_from_dict([row.message for row in rows])
    assert [type(message) for message in read] == [HumanMessage, AIMessage, ToolMessage, AIMessage]
    assert [message_to_dict(message) for message in read] == [row.message for row in rows]
    assert [message.id for message in read] == [str(row.pk) for row in rows]
    assert (rows[0].type, rows[0].content) == ("human", "What is there?")


def test_get_messages_gives_what_people_read(acme, conversation):
    with tenant_context(acme.ref):
        assert [(message.type, message.content) for message in conversation.get_messages()] == [
            ("human", "What is there?"),
            ("ai", "Seen."),
        ]
        assert conversation.get_messages(include_extra_messages=False) == conversation.get_messages()


def test_get_messages_gives_everything_when_asked(acme, conversation):
    with tenant_context(acme.ref):
        messages = conversation.get_messages(include_extra_messages=True)
    assert [message.type for message in messages] == ["human", "ai", "tool", "ai"]
    assert messages[1].tool_calls[0]["id"] == messages[2].tool_call_id


def test_a_message_of_several_parts_reads_as_its_text(acme):
    parts = [{"type": "text", "text": "What is "}, {"type": "image_url", "image_url": {"url": "x"}}, "this?"]
    with tenant_context(acme.ref):
        thread = Thread.objects.create()
        row = Message.objects.create(thread=thread, message=message_to_dict(HumanMessage(parts)))
        assert row.content == "What is this?"
        assert thread.get_messages()[0].content == parts


def test_deleting_a_user_keeps_the_thread(acme, use_model):
    use_model(PlayedModel(answers=["Hello."]))
    with tenant_context(acme.ref):
        leaver = User.objects.create_user("leaver")
        thread = Thread.objects.create(created_by=leaver)
        Desk(user=leaver).run("Hi", thread_id=thread.pk)
        assert list(leaver.ai_assistant_threads.all()) == [thread]
        leaver.delete()
        thread.refresh_from_db()
        assert thread.created_by is None
        assert [message.content for message in thread.get_messages()] == ["Hi", "Hello."]
        assert Run.objects.get().created_by is None


def test_deleting_a_thread_takes_its_messages_and_runs(acme, conversation):
    with tenant_context(acme.ref):
        conversation.delete()
        assert not any(model.objects.exists() for model in (Message, Run, RunEvent))


def test_a_thread_takes_its_name_from_its_first_question(acme, use_model):
    use_model(PlayedModel(answers=["Hello."]))
    with tenant_context(acme.ref):
        thread = Thread.objects.create()
        for question in ("Hello\n there", "Again"):
            Desk().run(question, thread_id=thread.pk)
        thread.refresh_from_db()
        assert (thread.name, str(thread)) == ("Hello there", "Hello there")
        assert str(Thread()) == "Untitled"


def test_the_newest_thread_comes_first_and_the_oldest_message(acme):
    with tenant_context(acme.ref):
        threads = [Thread.objects.create(name=name) for name in ("old", "new")]
        for text in ("first", "second"):
            Message.objects.create(thread=threads[0], message=message_to_dict(HumanMessage(text)))
        assert [thread.name for thread in Thread.objects.all()] == ["new", "old"]
        assert [row.content for row in threads[0].messages.all()] == ["first", "second"]


# -- another type of key


@pytest.fixture(scope="module")
def integers(database_url) -> Iterator[dict[str, Any]]:
    """What a project saw whose AppConfig has another ``default_auto_field``; in a database of its own."""
    name = "atrium_integer_keys"
    with psycopg.connect(database_url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield run_project(urlsplit(database_url)._replace(path=f"/{name}").geturl())
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def run_project(database_url: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.integer_keys"],
        env={
            **os.environ,
            "PYTHONPATH": f"{settings.BASE_DIR / 'platform'}{os.pathsep}{settings.BASE_DIR}",
            "DATABASE_URL": database_url,
            "DJANGO_SETTINGS_MODULE": "tests.integer_keys.settings",
            "ATRIUM_LOG_LEVEL": "CRITICAL",
        },
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_another_type_of_key_needs_no_migration_of_its_own(integers):
    assert "No changes detected" in integers["migrations"]


def test_the_columns_have_the_other_type(integers):
    assert set(integers["columns"].values()) == {"bigint"}
    assert {"assistants_thread.id", "assistants_message.thread_id", "assistants_run.id"} <= integers["columns"].keys()


def test_a_turn_works_with_integer_keys_from_python(integers):
    seen = integers["python"]
    assert isinstance(seen["thread"], int)
    assert seen["answers"] == ["Seen.", "Seen."]
    assert seen["messages"] == ["What is there?", "Seen."] * 2
    assert seen["kinds"] == ["human", "ai", "tool", "ai"] * 2
    assert seen["message_ids_fit"]
    assert seen["runs"] == ["completed", "completed"]
    assert seen["last_event"] == "run.done"


def test_a_turn_works_with_integer_keys_over_http(integers):
    seen = integers["http"]
    assert seen["statuses"] == [201, 201, 200, 204]
    assert isinstance(seen["made"]["id"], int)
    assert [message["content"] for message in seen["answered"]] == ["What is there?", "Seen."]
    assert all(isinstance(message["id"], str) and message["id"].isdigit() for message in seen["answered"])
    assert seen["events"][0][0] == "run.started"
    assert isinstance(seen["events"][0][1], int)
    assert seen["events"][-1][0] == "run.done"
    assert (len(seen["listed"]), seen["left"]) == (4, 3)
    assert seen["renamed"] == "New"
    assert seen["threads"][0] == seen["made"]["id"]
    assert seen["gone"] == 204


def test_an_unknown_integer_key_is_not_found_whatever_its_form(integers):
    assert set(integers["http"]["odd"].values()) == {404}
