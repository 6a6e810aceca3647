"""Visitors of a site: each has its own conversations, which nobody else opens, and only what rules allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from assistants import AIAssistant
from assistants.access import MessageNotFound, ThreadNotFound, message_for, thread_for
from assistants.exceptions import AIUserNotAllowedError
from assistants.models import Run, Thread
from assistants.paging import Page
from assistants.permissions import visible_assistants
from assistants.runs.idempotency import idempotency_of
from assistants.runs.recovery import _turn
from assistants.use_cases import messages, runs, threads, tool_calls
from assistants.use_cases.begin_turn import begin_unchecked_turn
from tenants.actors import Actor
from tenants.context import tenant_context
from tenants.keys import create_api_key
from tenants.members import member_actor
from tenants.models import AccessRule, Visitor
from tenants.rules.actions import EVERYTHING
from tenants.scopes import NotForVisitors, check_scope
from tenants.use_cases.members import list_members
from tenants.visitors import visitor_actor
from tests.played_model import PlayedModel
from tests.somewhere import Helper

pytestmark = pytest.mark.usefixtures("greeter")


@pytest.fixture
def greeter(registry, use_model) -> None:
    class Greeter(Helper):
        id = "greeter"
        name = "Greeter"

    class Other(Helper):
        id = "other"
        name = "Other"

    use_model(PlayedModel(answers=["Welcome."] * 20))


@pytest.fixture
def open_site(acme) -> None:
    """Visitors of the shop may do everything; all that limits them is whose things are."""
    with tenant_context(acme.ref):
        AccessRule.objects.create(audience="visitors", site_id="shop", action=EVERYTHING)


def a_visitor(site: str = "shop", subject: str = "") -> Actor:
    visitor = Visitor.objects.create(site_id=site, subject=subject, seen_at=timezone.now())
    return visitor_actor(visitor, "greeter")


def answered(actor: Actor) -> Any:
    """The id of a thread of the actor's with a question and its answer."""
    thread = threads.create_thread(actor, assistant_id="greeter")
    AIAssistant.get_cls("greeter")(actor=actor).run("Hello?", thread_id=thread.pk)
    return thread.pk


def reaches(actor: Actor, thread_id: Any, run_id: Any, message_id: Any) -> dict[str, bool]:
    """Which ways to the thread, or to what is in it, are open to the actor."""

    def cancels() -> None:
        runs.cancel_run(actor, run_id)

    ways: dict[str, Callable[[], Any]] = {
        "open": lambda: threads.get_thread(actor, thread_id),
        "read": lambda: messages.list_messages(actor, thread_id),
        "read on": lambda: messages.list_messages(actor, thread_id, Page(limit=1, after=str(message_id))),
        "list its calls": lambda: tool_calls.list_tool_calls(actor, thread_id),
        "list its runs": lambda: runs.list_runs(actor, thread_id, Page()),
        "see a run": lambda: runs.get_run(actor, run_id),
        "follow a run": lambda: runs.get_run_to_follow(actor, run_id),
        "stop a run": cancels,
        "rate a message": lambda: message_for(actor, thread_id, message_id),
        "change": lambda: thread_for(actor, thread_id, to="CAN_UPDATE_THREAD_FN"),
        "ask in words": lambda: thread_for(actor, thread_id, to="CAN_CREATE_MESSAGE_FN"),
    }
    return {name: _is_open(way) for name, way in ways.items()} | {
        "be in the list": any(thread.pk == thread_id for thread in threads.list_threads(actor).rows)
    }


def _is_open(way: Callable[[], Any]) -> bool:
    try:
        way()
    except (ThreadNotFound, MessageNotFound, runs.RunNotFound):
        return False
    return True


def test_a_visitors_conversation_is_open_to_that_visitor_alone(acme, globex, open_site):
    with tenant_context(acme.ref):
        AccessRule.objects.create(audience="visitors", site_id="blog", action=EVERYTHING)
        visitor = a_visitor()
        thread_id = answered(visitor)
        run_id, message_id = Run.objects.get().pk, Thread.objects.get().messages.first().pk
        key, _ = create_api_key("a program")
        others = {
            "another visitor": a_visitor(),
            "an identified one": a_visitor(subject="ada"),
            "a visitor of another site": a_visitor("blog"),
            "a visitor without an id": Actor("visitor", acme.ref, site_id="shop"),
            "the owner": member_actor(acme.owner),
            "a member": member_actor(acme.member),
            "a key": Actor("api_key", acme.ref, api_key_id=key.pk),
        }
        assert set(reaches(visitor, thread_id, run_id, message_id).values()) == {True}
        for name, actor in others.items():
            assert set(reaches(actor, thread_id, run_id, message_id).values()) == {False}, name
    with tenant_context(globex.ref):
        AccessRule.objects.create(audience="visitors", action=EVERYTHING)
        neighbour = a_visitor()
        assert neighbour.visitor_id is not None
        # Its number may be the same: what is not in the schema is not there.
        assert set(reaches(neighbour, thread_id, run_id, message_id).values()) == {False}


def test_nor_does_a_visitor_open_anybody_elses(acme, open_site):
    with tenant_context(acme.ref):
        visitor = a_visitor()
        # Members, keys and visitors are numbered each for themselves: the same number is nobody's way in.
        key, _ = create_api_key("a program")
        for owner in ({"created_by": acme.member}, {"api_key_id": key.pk}, {}):
            thread = Thread.objects.create(assistant_id="greeter", **owner)
            begin_unchecked_turn(AIAssistant.get_cls("greeter")(actor=member_actor(acme.member)), thread.pk, "Hello?")
            run, message = Run.objects.get(thread=thread), thread.messages.get()
            run_as_same_number = {**_as(visitor), "visitor_id": acme.member.pk if "created_by" in owner else key.pk}
            for actor in (visitor, Actor(**run_as_same_number)):
                assert set(reaches(actor, thread.pk, run.pk, message.pk).values()) == {False}


def _as(actor: Actor) -> dict[str, Any]:
    return {name: getattr(actor, name) for name in Actor.__dataclass_fields__}


def test_the_rules_that_a_tenant_starts_with_give_a_visitor_nothing(acme):
    with tenant_context(acme.ref):
        visitor = a_visitor()
        assert visible_assistants(visitor) == []
        with pytest.raises(AIUserNotAllowedError):
            threads.create_thread(visitor, assistant_id="greeter")


def test_a_visitor_reaches_its_sites_assistant_and_its_own_conversations_and_nothing_else(acme, open_site):
    with tenant_context(acme.ref):
        visitor = a_visitor()
        assert [assistant.id for assistant in visible_assistants(visitor)] == ["greeter"]
        with pytest.raises(AIUserNotAllowedError):
            threads.create_thread(visitor, assistant_id="other")
        for scope in ("chat", "threads:read", "threads:write"):
            check_scope(visitor, [scope])
        for scope in ("documents:read", "documents:write", "admin"):
            with pytest.raises(NotForVisitors):
                check_scope(visitor, [scope])
        with pytest.raises(Exception, match="Owners and"):
            list_members(visitor)


def test_what_answers_and_what_that_costs_is_not_said_to_visitors(acme, open_site):
    with tenant_context(acme.ref):
        visitor = a_visitor()
        answered(visitor)
        Run.objects.update(model="a-model", tokens_in=7, tokens_out=5, tokens_cached=3, cost="0.25")
        run = runs.get_run(visitor, Run.objects.get().pk)
        shown, whole = runs.run_as_json(visitor, run), runs.run_as_json(member_actor(acme.owner), run)
        with pytest.raises(NotForVisitors):
            runs.get_receipt(visitor, run.pk)
    assert (whole["model"], whole["tokens_in"], whole["cost"]) == ("a-model", 7, "0.25")
    assert {name for name in whole if shown[name] != whole[name]} == {
        *("assistant_version", "model", "tokens_in", "tokens_out", "tokens_cached", "cost")
    }


def test_a_key_for_one_request_is_each_visitors_own(acme):
    with tenant_context(acme.ref):
        who = [a_visitor(), a_visitor(), member_actor(acme.member)]
        scopes = {idempotency_of(actor, "the same", {}).scope for actor in who}  # type: ignore[union-attr]
    assert len(scopes) == 3


def test_a_run_that_is_taken_up_again_acts_for_the_visitor(acme, open_site):
    with tenant_context(acme.ref):
        visitor = a_visitor(subject="ada")
        answered(visitor)
        again = _turn(Run.objects.select_related("question", "thread__visitor").get()).actor
    assert again == visitor
    assert (again.identified, again.site_id) == (True, "shop")


def test_conversations_go_with_their_visitor(acme, open_site):
    with tenant_context(acme.ref):
        visitor = a_visitor()
        answered(visitor)
        answered(a_visitor())
        Visitor.objects.get(pk=visitor.visitor_id).delete()
        assert Thread.objects.count() == 1
