"""Runs: followed from any point, stopped, begun once, and taken over from a process that died."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError
from django.test import AsyncRequestFactory

from assistants.api import unbroken
from assistants.api.turns import begin
from assistants.models import IdempotencyKey, Message, Run, RunEvent, RunLease, Thread
from assistants.runs import event_log as event_logs
from assistants.runs import following, keeper
from assistants.runs.active import ActiveRun
from assistants.runs.event_log import TICK, event_log
from assistants.runs.events import Event
from assistants.runs.following import follow
from assistants.runs.held import held, lose
from assistants.runs.keeper import take
from assistants.runs.process import process_id
from assistants.runs.recovery import UNSTORED, recover
from assistants.runs.runner import runner
from assistants.use_cases.begin_turn import begin_turn
from tenants.context import public_context, tenant_context
from tenants.database import in_database
from tests.sse import read_events
from tests.waiting import until

SSE = {"Accept": "text/event-stream"}


async def new_thread(client) -> str:
    return (await client.post("/api/threads/", json={})).json()["id"]


def message(content: str = "hello", **more: str) -> dict[str, str]:
    return {"assistant_id": "docs_assistant", "content": content, **more}


async def stream_text(client, run_id: str, after: int) -> str:
    response = await client.get(f"/api/runs/{run_id}/events/", headers={"Last-Event-ID": str(after)})
    assert response.status_code == 200
    return response.text


async def test_a_stream_joined_at_any_point_is_the_uncut_one_to_the_byte(server, acme, slow_model):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    whole = (await client.post(f"/api/threads/{thread_id}/messages/", json=message(), headers=SSE)).text
    events = read_events(whole)
    run_id = events[0].data["run_id"]
    frames = whole.split("\n\n")
    for event in events[:-1]:
        rest = await stream_text(client, run_id, int(event.id))
        assert rest == "\n\n".join(frames[int(event.id) :])


async def test_a_run_is_followed_live_in_memory_and_from_the_log_alike(server, acme, slow_model):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    started = await client.post(f"/api/threads/{thread_id}/runs/", json=message(mode="background"))
    assert (started.status_code, started.json()["status"]) == (202, "running")
    run_id = started.json()["id"]
    name = (acme.ref.schema_name, run_id)
    hidden = runner._running.pop(name)  # as another process sees it: the log only
    from_log = asyncio.create_task(stream_text(client, run_id, 0))
    await asyncio.sleep(0.3)
    runner._running[name] = hidden
    live = await stream_text(client, run_id, 0)
    assert await from_log == live
    assert read_events(live)[-1].type == "run.done"


async def test_it_says_where_a_run_stands(server, acme):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    done = (await client.post(f"/api/threads/{thread_id}/runs/", json=message())).json()
    assert done["status"] == "completed"
    assert (await client.get(f"/api/runs/{done['id']}/")).json() == done


async def test_a_foreign_run_looks_like_one_that_does_not_exist(server, acme, globex):
    client = server.signed_in(acme)
    run_id = (await client.post(f"/api/threads/{await new_thread(client)}/runs/", json=message())).json()["id"]
    other = server.signed_in(globex)
    for path in ("", "events/"):
        assert (await other.get(f"/api/runs/{run_id}/{path}")).json()["code"] == "run_not_found"
        assert (await client.get(f"/api/runs/{uuid4()}/{path}")).json()["code"] == "run_not_found"
    assert (await other.post(f"/api/runs/{run_id}/cancel/")).status_code == 404


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "9" * 30, "²"])
async def test_it_refuses_a_last_event_id_that_is_none(server, acme, given):
    client = server.signed_in(acme)
    run_id = (await client.post(f"/api/threads/{await new_thread(client)}/runs/", json=message())).json()["id"]
    headers = {"Last-Event-ID": given.encode()}
    assert (await client.get(f"/api/runs/{run_id}/events/", headers=headers)).status_code == 422


async def test_a_cancelled_run_keeps_what_was_said(server, acme, slow_model):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    run_id = (await client.post(f"/api/threads/{thread_id}/runs/", json=message(mode="background"))).json()["id"]
    await asyncio.sleep(0.2)
    assert (await client.post(f"/api/runs/{run_id}/cancel/")).status_code == 202
    events = read_events(await stream_text(client, run_id, 0))
    assert events[-1].type == "run.cancelled"
    assert (await client.get(f"/api/runs/{run_id}/")).json()["status"] == "cancelled"
    listed = (await client.get(f"/api/threads/{thread_id}/messages/")).json()
    assert listed[1]["partial"]
    assert listed[1]["content"].startswith("word")
    again = await client.post(f"/api/threads/{thread_id}/runs/", json=message(mode="background"))
    assert again.status_code == 202  # the thread is free again


async def test_a_run_that_hears_twice_that_it_is_cancelled_keeps_what_was_said(server, acme, slow_model):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    run_id = (await client.post(f"/api/threads/{thread_id}/runs/", json=message(mode="background"))).json()["id"]
    name = (acme.ref.schema_name, run_id)
    active, task = runner._running[name]
    while not runner.cancel_named(name) or not active.is_over:
        await asyncio.sleep(0)  # from the request itself, from the database's NOTIFY, from an impatient person
        assert not task.done() or active.is_over
    assert active.events[-1].type == "run.cancelled"
    assert (await client.get(f"/api/runs/{run_id}/")).json()["status"] == "cancelled"


async def test_cancelling_reaches_the_process_that_executes_the_run(server, acme, slow_model, monkeypatch):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    run_id = (await client.post(f"/api/threads/{thread_id}/runs/", json=message(mode="background"))).json()["id"]
    from assistants.api import runs

    monkeypatch.setattr(runs, "runner", type("Elsewhere", (), {"cancel": lambda self, run_id: False})())
    await client.post(f"/api/runs/{run_id}/cancel/")
    assert read_events(await stream_text(client, run_id, 0))[-1].type == "run.cancelled"


async def test_a_run_that_is_stopped_again_and_again_still_comes_to_its_end(server, acme, slow_model):
    """The word comes in the process and from the database; while the answer is being stored it must not hit that."""
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    run_id = (await client.post(f"/api/threads/{thread_id}/runs/", json=message(mode="background"))).json()["id"]
    name = (acme.ref.schema_name, run_id)
    active, _ = runner._running[name]
    while not active.is_over:
        runner.cancel_named(name)
        await asyncio.sleep(0)
    assert active.events[-1].type == "run.cancelled"
    assert (await acme.run(Run.objects.get)).status == "cancelled"


# -- once


async def test_50_requests_with_one_key_start_one_run(server, acme, slow_model):
    client = server.signed_in(acme)
    url = f"/api/threads/{await new_thread(client)}/messages/"
    headers = {"Idempotency-Key": "abc"}
    answers = await asyncio.gather(*(client.post(url, json=message(), headers=headers) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await acme.run(Run.objects.count) == 1
    assert await acme.run(Message.objects.count) == 2


async def test_a_key_re_attaches_to_the_stream_while_it_goes_on(server, acme, slow_model):
    client = server.signed_in(acme)
    url = f"/api/threads/{await new_thread(client)}/messages/"
    headers = {**SSE, "Idempotency-Key": "abc"}
    first, second = await asyncio.gather(*(client.post(url, json=message(), headers=headers) for _ in range(2)))
    assert first.text == second.text


async def test_the_same_key_with_another_body_is_refused(server, acme):
    client = server.signed_in(acme)
    url = f"/api/threads/{await new_thread(client)}/messages/"
    headers = {"Idempotency-Key": "abc"}
    assert (await client.post(url, json=message(), headers=headers)).status_code == 201
    refused = await client.post(url, json=message("another"), headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_key_is_free_again_after_a_day(server, acme):
    client = server.signed_in(acme)
    url = f"/api/threads/{await new_thread(client)}/messages/"
    headers = {"Idempotency-Key": "abc"}
    await client.post(url, json=message(), headers=headers)
    await acme.run(lambda: IdempotencyKey.objects.update(created_at="2020-01-01T00:00:00Z"))
    assert (await client.post(url, json=message("another"), headers=headers)).status_code == 201


@pytest.mark.parametrize("mode", ["messages", "runs"])
async def test_a_repeated_request_whose_thread_is_deleted_meanwhile_is_told_so(server, acme, monkeypatch, mode):
    """Another process has the run: this one reads the log until the run's end, which never comes."""
    client = server.signed_in(acme)
    url, headers = f"/api/threads/{await new_thread(client)}/{mode}/", {"Idempotency-Key": "abc"}
    assert (await client.post(url, json=message(), headers=headers)).status_code == 201

    def goes_on_elsewhere() -> None:
        Run.objects.update(status=Run.Status.RUNNING)
        RunEvent.objects.exclude(sequence=1).delete()

    def read_before_it_is_deleted(*of: Any) -> Any:
        found = read(*of)
        Thread.objects.all().delete()
        return found

    await acme.run(goes_on_elsewhere)
    read = following._read
    monkeypatch.setattr(following, "_read", read_before_it_is_deleted)
    repeated = await client.post(url, json=message(), headers=headers)
    assert (repeated.status_code, repeated.json()["code"]) == (404, "thread_not_found")


async def test_a_request_whose_thread_is_deleted_while_it_is_answered_is_told_so(server, acme, waiting_model):
    client = server.signed_in(acme)
    asked = client.post(f"/api/threads/{await new_thread(client)}/messages/", json=message())
    waits = asyncio.create_task(asked)
    said = RunEvent.objects.filter(type="message.delta")
    await until(lambda: acme.run(said.exists), "the model has begun to speak")
    await acme.run(Thread.objects.all().delete)
    waiting_model.go_on.set()
    answer = await waits
    assert (answer.status_code, answer.json()["code"]) == (404, "thread_not_found")


async def all_but_one_done(asking: list[asyncio.Task]) -> bool:
    return sum(task.done() for task in asking) >= len(asking) - 1


async def test_20_clients_in_one_thread_get_one_run_and_its_id(server, acme, slow_model):
    client = server.signed_in(acme)
    url = f"/api/threads/{await new_thread(client)}/messages/"
    slow_model.hold()
    asking = [asyncio.create_task(client.post(url, json=message())) for _ in range(20)]
    await until(lambda: all_but_one_done(asking), "all others are refused")
    slow_model.hurry()
    answers = await asyncio.gather(*asking)
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201, *[409] * 19]
    run_id = str(await acme.run(lambda: Run.objects.get().pk))
    assert {answer.json()["run_id"] for answer in answers if answer.status_code == 409} == {run_id}


# -- durable


async def orphan(acme, *, resumable: bool = True, events: list[tuple[str, dict]] = ()) -> Run:  # type: ignore[assignment]
    """A run whose process died: begun, some events in the log, and its lease forty seconds old."""

    def make() -> Run:
        from assistants.models import Thread

        thread = Thread.objects.create(created_by=acme.member)
        turn = begin_turn(acme.actor(), thread.pk, "docs_assistant", "What happened?")
        run = Run.objects.get(pk=turn.run_id)
        for sequence, (kind, payload) in enumerate(events, start=1):
            RunEvent.objects.create(run=run, sequence=sequence, type=kind, payload=payload)
        with public_context():
            RunLease.objects.filter(run_id=str(run.pk)).update(
                owner=UUID(int=1), heartbeat_at="2020-01-01T00:00:00Z", resumable=resumable
            )
        return run

    return await acme.run(make)


async def take_over() -> None:
    for found in await in_database(take):
        await recover(found)


async def test_a_run_of_a_dead_process_is_taken_up_again(acme, clean_tenants):
    run = await orphan(acme, events=[("run.started", {}), ("message.delta", {"text": "Half of"})])
    await take_over()
    with tenant_context(acme.ref):
        active = runner.active(run.pk)
    assert isinstance(active, ActiveRun)
    await active.last()
    await asyncio.sleep(0)
    await acme.run(run.refresh_from_db)
    assert run.status == Run.Status.COMPLETED
    kinds = await acme.run(lambda: list(RunEvent.objects.filter(run=run).values_list("sequence", "type")))
    assert kinds[2] == (2 + UNSTORED + 1, "run.restarted")
    assert kinds[-1][1] == "run.done"
    assert [sequence for sequence, _ in kinds[2:]] == list(range(kinds[2][0], kinds[2][0] + len(kinds) - 2))
    said = await acme.run(lambda: [row.content for row in Message.objects.all()])
    assert len(said) == 2  # nothing twice


async def test_a_run_that_was_in_a_tool_ends_as_failed_with_what_it_had(acme, clean_tenants):
    events = [
        ("run.started", {}),
        ("message.delta", {"text": "Let me book that."}),
        ("tool.started", {"call_id": "1", "name": "book", "args": {}}),
    ]
    run = await orphan(acme, events=events)
    await take_over()
    await acme.run(run.refresh_from_db)
    assert (run.status, run.error_code) == ("failed", "interrupted_in_tool")
    said = await acme.run(lambda: [row.content for row in Message.objects.all()])
    assert said == ["What happened?", "Let me book that."]


async def test_a_run_asked_from_python_is_not_asked_again_by_a_server(acme, clean_tenants):
    run = await orphan(acme, resumable=False)
    await take_over()
    await acme.run(run.refresh_from_db)
    assert (run.status, run.error_code) == ("failed", "interrupted")


async def test_only_one_process_takes_a_run(acme, clean_tenants):
    await orphan(acme)
    taken = await asyncio.gather(*(in_database(take) for _ in range(8)))
    assert sum(len(found) for found in taken) == 1


async def test_an_ended_run_leaves_no_lease(server, acme):
    client = server.signed_in(acme)
    await client.post(f"/api/threads/{await new_thread(client)}/messages/", json=message())

    def leases() -> int:
        with public_context():
            return RunLease.objects.count()

    assert await in_database(leases) == 0


async def test_a_client_that_goes_away_while_its_question_is_stored_leaves_no_run_that_nobody_executes(server, acme):
    thread = await acme.run(lambda: Thread.objects.create(created_by=acme.member))
    request = AsyncRequestFactory().post("/")
    request.actor, request.user = await acme.run(acme.actor), acme.member
    with tenant_context(acme.ref):
        view = asyncio.create_task(begin(request, str(thread.pk), "docs_assistant", "hello"))
        await asyncio.sleep(0)
        view.cancel()  # as Django does
        [started] = await asyncio.gather(*unbroken._under_way)
    assert view.cancelled()
    assert started.run_id == (await acme.run(Run.objects.get)).pk
    assert (await started.final()).type == "run.done"


async def test_a_server_that_stops_takes_no_new_run(server, acme, monkeypatch):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    monkeypatch.setattr(runner, "_draining", True)
    refused = await client.post(f"/api/threads/{thread_id}/messages/", json=message())
    assert (refused.status_code, refused.json()["code"]) == (503, "server_stopping")
    assert not await acme.run(Message.objects.exists)


async def test_a_run_handed_over_at_the_end_of_a_process_is_finished_by_another(server, acme, slow_model, monkeypatch):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    run_id = (await client.post(f"/api/threads/{thread_id}/runs/", json=message(mode="background"))).json()["id"]
    monkeypatch.setattr("assistants.runs.runner.DRAIN_TIMEOUT", 0.1)
    await runner.drain()
    await in_database(keeper.let_go)
    runner.reopen()
    slow_model.hurry()
    await take_over()
    events = read_events(await stream_text(client, run_id, 0))
    assert "run.restarted" in [event.type for event in events]
    assert events[-1].type == "run.done"


async def test_events_of_one_tenant_stay_in_its_log(server, acme, globex):
    client = server.signed_in(acme)
    await client.post(f"/api/threads/{await new_thread(client)}/messages/", json=message())
    with tenant_context(globex.ref):
        assert await in_database(RunEvent.objects.count) == 0


# -- a process that was held for dead, and lives


def another_process_takes(run_id) -> None:
    with public_context():
        RunLease.objects.filter(run_id=str(run_id)).update(owner=UUID(int=1))


async def test_an_answer_is_not_stored_by_a_process_that_has_lost_the_run(server, acme, waiting_model):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    run_id = (await client.post(f"/api/threads/{thread_id}/runs/", json=message(mode="background"))).json()["id"]
    await in_database(another_process_takes, run_id)
    waiting_model.go_on.set()
    await runner.drain()
    assert await acme.run(lambda: [row.type for row in Message.objects.all()]) == ["human"]
    assert await acme.run(lambda: Run.objects.get().status) == "running"  # the other one's to end


async def test_a_process_stops_working_on_a_run_that_it_has_lost(server, acme, waiting_model):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    run_id = (await client.post(f"/api/threads/{thread_id}/runs/", json=message(mode="background"))).json()["id"]
    await in_database(another_process_takes, run_id)
    [lost] = await in_database(keeper.renew, held())
    lose(lost)
    await runner.drain()  # though the model has not gone on
    with tenant_context(acme.ref):
        assert runner.active(run_id) is None


async def test_followers_of_a_lost_run_hear_the_rest_from_the_process_that_has_it(server, acme, waiting_model):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    streaming = asyncio.create_task(client.post(f"/api/threads/{thread_id}/messages/", json=message(), headers=SSE))
    await until(lambda: acme.run(RunEvent.objects.exists), "an event is stored")
    run = await acme.run(Run.objects.get)
    await in_database(another_process_takes, run.pk)

    def finish_elsewhere() -> None:
        RunEvent.objects.create(run=run, sequence=UNSTORED, type="run.restarted", payload={})
        RunEvent.objects.create(run=run, sequence=UNSTORED + 1, type="run.done", payload={"messages": []})
        Run.objects.update(status="completed")

    await acme.run(finish_elsewhere)
    waiting_model.go_on.set()
    events = read_events((await streaming).text)
    assert [event.type for event in events[-2:]] == ["run.restarted", "run.done"]


async def test_an_answer_whose_storing_went_unheard_is_stored_once(server, acme, slow_model, monkeypatch):
    from assistants.runs import execute

    def store_and_lose_the_connection(*args):
        monkeypatch.setattr(execute, "record_answer", record_answer)
        record_answer(*args)
        raise OperationalError("the server closed the connection")

    record_answer = execute.record_answer
    monkeypatch.setattr(execute, "record_answer", store_and_lose_the_connection)
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    heard = read_events((await client.post(f"/api/threads/{thread_id}/messages/", json=message(), headers=SSE)).text)
    assert heard[-1].type == "run.done"
    assert await acme.run(lambda: [row.type for row in Message.objects.all()]) == ["human", "ai"]
    assert read_events(await stream_text(client, heard[0].data["run_id"], 0)) == heard


async def test_a_follower_who_heard_more_than_was_stored_hears_that_the_answer_begins_again(acme, clean_tenants):
    run = await orphan(acme, events=[("run.started", {}), ("message.delta", {"text": "Half of"})])
    await take_over()
    with tenant_context(acme.ref):
        heard = [event async for event in follow(run.pk, after=5)]  # 3 to 5 were lost with the process
    assert heard[0].type == "run.restarted"
    assert heard[-1].type == "run.done"


# -- questions that are stored, and whose run nobody has begun


async def test_a_client_that_leaves_while_its_question_is_stored_changes_nothing(server, acme, slow_model, monkeypatch):
    from assistants.api import turns

    stored = asyncio.Event()
    loop = asyncio.get_running_loop()

    def store_slowly(*args, **more):
        turn = begin_turn(*args, **more)
        loop.call_soon_threadsafe(stored.set)
        time.sleep(0.2)
        return turn

    monkeypatch.setattr(turns, "begin_turn", store_slowly)
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    asking = asyncio.create_task(client.post(f"/api/threads/{thread_id}/messages/", json=message()))
    await stored.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    slow_model.hurry()
    await until(lambda: acme.run(Run.objects.filter(status="completed").exists), "the run ends")


async def test_a_run_that_nobody_has_begun_is_not_kept_alive(acme, clean_tenants):
    run = await orphan(acme)
    with public_context():
        await in_database(lambda: RunLease.objects.update(owner=process_id()))
    assert await in_database(keeper.renew, held()) == set()
    assert [found.run_id for found in await in_database(take)] == [str(run.pk)]


async def test_events_that_are_on_their_way_to_the_log_when_their_run_is_stopped_come_there(acme, settings):
    run = await orphan(acme)
    go_on = threading.Event()
    busy = [asyncio.create_task(in_database(go_on.wait)) for _ in range(settings.ATRIUM_DATABASE_THREADS)]
    await asyncio.sleep(0)
    event_log.keep(acme.ref, run.pk, Event(1, "tool.started", {}))
    storing = asyncio.create_task(event_log.stored(acme.ref, run.pk))
    await asyncio.sleep(0)
    storing.cancel()
    await asyncio.wait([storing])
    go_on.set()
    await asyncio.gather(*busy)
    assert await event_log.take(acme.ref, run.pk) == []
    assert await acme.run(RunEvent.objects.filter(run=run).count) == 1


async def test_an_answer_is_stored_though_nobody_heard_that_some_of_its_events_were(
    server, acme, waiting_model, monkeypatch
):
    def store_and_lose_the_connection(entries):
        store(entries)
        raise OperationalError("the server closed the connection")

    store = event_logs._store
    monkeypatch.setattr(event_logs, "_store", store_and_lose_the_connection)
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    streaming = asyncio.create_task(client.post(f"/api/threads/{thread_id}/messages/", json=message(), headers=SSE))
    await until(lambda: acme.run(RunEvent.objects.exists), "an event is stored")
    waiting_model.go_on.set()
    heard = read_events((await streaming).text)
    assert heard[-1].type == "run.done"
    monkeypatch.setattr(event_logs, "_store", store)
    assert read_events(await stream_text(client, heard[0].data["run_id"], 0)) == heard


def test_events_are_stored_on_the_next_event_loop_after_one_that_ended_early(acme):
    def keep(number: int) -> Coroutine[Any, Any, None]:
        async def keeping() -> None:
            event_log.keep(acme.ref, run.pk, Event(number, "message.delta", {"text": "x"}))
            await asyncio.sleep(TICK * 3 * (number - 1))

        return keeping()

    with tenant_context(acme.ref):
        thread = Thread.objects.create(created_by=acme.member)
        run = Run.objects.create(thread=thread, assistant_id="docs_assistant")
        asyncio.run(keep(1))  # over before the log's tick
        asyncio.run(keep(2))
        assert RunEvent.objects.filter(run=run).count() == 2
