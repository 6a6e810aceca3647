"""A turn is written in two statements, each whole or not at all."""

from __future__ import annotations

import pytest
from django.db import DataError, connection, transaction
from langchain_core.messages import AIMessage

from assistants.access import ThreadNotFound
from assistants.assistants import AIAssistant
from assistants.exceptions import RunActiveError
from assistants.models import Message, Run, RunEvent, RunLease, Thread
from assistants.runs.events import Event
from assistants.runs.turns import Answer, Turn
from assistants.use_cases import begin_turn as begin
from assistants.use_cases.begin_turn import begin_turn, begin_unchecked_turn
from assistants.use_cases.record_answer import record_answer
from tenants.context import public_context, tenant_context
from tests.statements import counted


@pytest.fixture
def in_acme(acme):
    with tenant_context(acme.ref):
        yield acme


@pytest.fixture
def assistant(registry) -> type[AIAssistant]:
    class Storing(AIAssistant):
        id = "storing_assistant"
        name = "Storing"
        instructions = "Answer."

    return Storing


@pytest.fixture
def thread(in_acme, assistant) -> Thread:
    return Thread.objects.create(created_by=in_acme.member)


def ask(tenant, thread: Thread, content: str = "What now?") -> Turn:
    turn = begin_turn(tenant.actor(), thread.pk, "storing_assistant", content)
    assert isinstance(turn, Turn)
    return turn


def nothing_stored() -> bool:
    with public_context():
        leases = RunLease.objects.exists()
    return not (leases or Message.objects.exists() or Run.objects.exists())


def test_a_question_is_one_statement(in_acme, thread):
    ask(in_acme, Thread.objects.create(created_by=in_acme.member))
    with counted() as statements:
        ask(in_acme, thread)
    writes = [statement for statement in statements if not statement.startswith("SELECT")]
    assert len(writes) == 1, writes
    assert Message.objects.filter(thread=thread).count() == 1
    assert Run.objects.filter(thread=thread, status="running").count() == 1


def test_an_answer_is_one_statement(in_acme, thread):
    turn = ask(in_acme, thread)
    with counted() as statements:
        record_answer(turn, Answer(messages=[AIMessage(content="This.")]), [Event(1, "run.started", {})], 1)
    assert len(statements) == 1, statements
    assert [row.content for row in thread.messages.all()] == ["What now?", "This."]
    assert list(RunEvent.objects.values_list("type", flat=True)) == ["run.started", "run.done"]
    assert Run.objects.get().status == "completed"


def test_a_turn_reads_what_was_said_before_it_and_not_its_own_question(in_acme, thread):
    record_answer(ask(in_acme, thread), Answer(messages=[AIMessage(content="This.")]), [], 0)
    turn = ask(in_acme, thread, "And then?")
    assert [message.content for message in turn.history] == ["What now?", "This."]


def test_a_second_question_in_a_busy_thread_leaves_nothing(in_acme, thread):
    first = ask(in_acme, thread)
    before = Thread.objects.get().updated_at
    with pytest.raises(RunActiveError) as refused:
        ask(in_acme, thread, "Again?")
    assert refused.value.facts["run_id"] == str(first.run_id)
    assert (Message.objects.count(), Run.objects.count(), Thread.objects.get().updated_at) == (1, 1, before)


def test_a_question_in_a_thread_that_is_deleted_meanwhile_leaves_nothing(in_acme, thread, monkeypatch):
    def delete_first(*args):
        Thread.objects.all().delete()
        return changes(*args)

    changes = begin._changes
    monkeypatch.setattr(begin, "_changes", delete_first)
    with pytest.raises(ThreadNotFound):
        ask(in_acme, thread)
    assert nothing_stored()


def test_an_answer_that_cannot_be_stored_leaves_nothing_of_it(in_acme, thread):
    turn = ask(in_acme, thread)
    told = [Event(1, "run.started", {}), Event(2, "message.delta", {"text": "Th"})]
    with pytest.raises(DataError):
        record_answer(turn, Answer(messages=[AIMessage(content="This.")], tokens_in=2**40), told, 2)
    assert [row.content for row in thread.messages.all()] == ["What now?"]
    assert (RunEvent.objects.count(), Run.objects.get().status) == (0, "running")


def test_a_refusal_does_not_spoil_the_callers_transaction(in_acme, thread, assistant):
    ask(in_acme, thread)
    with transaction.atomic():
        with pytest.raises(RunActiveError):
            begin_unchecked_turn(assistant(actor=in_acme.actor()), thread.pk, "Again?")
        Thread.objects.filter(pk=thread.pk).update(name="still here")
    assert Thread.objects.get().name == "still here"
    assert not connection.in_atomic_block
