"""``assistant.run()`` from synchronous code: inside its transaction, on its connection, again and again."""

from __future__ import annotations

import asyncio
import threading

import pytest
from django.db import connection, transaction

from assistants import AIAssistant, method_tool
from assistants.models import Message, Run, Thread
from tenants import sync_bridge
from tenants.context import current_tenant, tenant_context
from tenants.database import in_database
from tenants.models import User
from tenants.sync_bridge import from_sync
from tests.played_model import PlayedModel, wants
from tests.somewhere import Helper, aside

pytestmark = pytest.mark.usefixtures("registry")


@aside
class Desk(Helper):
    id = "synchronous_desk"
    name = "Desk"

    @method_tool
    def people(self) -> str:
        """Who is here."""
        return f"{threading.current_thread().name}: {', '.join(User.objects.values_list('username', flat=True))}"

    @method_tool
    def hire(self, name: str) -> str:
        """Hire somebody."""
        return User.objects.create_user(name).username


def in_a_thread(acme, use_model, *calls) -> PlayedModel:
    """A turn in a new thread of the member's."""
    model = use_model(PlayedModel(answers=[wants(*calls), "Ok"]))
    thread = Thread.objects.create(created_by=acme.member)
    assert Desk(user=acme.member).run("Go", thread_id=thread.pk) == "Ok"
    return model


def test_a_turn_belongs_to_the_callers_transaction(acme, use_model):
    with tenant_context(acme.ref):
        with transaction.atomic():
            in_a_thread(acme, use_model, ("hire", {"name": "newcomer"}))
            assert (Thread.objects.count(), Message.objects.count(), Run.objects.count()) == (1, 4, 1)
            assert User.objects.filter(username="newcomer").exists()
            transaction.set_rollback(True)
        assert not Thread.objects.exists()
        assert not Message.objects.exists()
        assert not User.objects.filter(username="newcomer").exists()


def test_a_tool_sees_what_the_caller_has_not_committed_yet(acme, use_model):
    """And does not wait for the caller's locks, while the caller waits for it."""
    with tenant_context(acme.ref), transaction.atomic():
        User.objects.create_user("uncommitted")
        User.objects.select_for_update().get(username="uncommitted")
        model = in_a_thread(acme, use_model, ("people", {}), ("hire", {"name": "newcomer"}), ("people", {}))
        said = [message.content for message in model.asked[-1] if message.type == "tool"]
        assert all("uncommitted" in people for people in said[::2])
        assert ["newcomer" in people for people in said[::2]] == [False, True]
        assert said[0].startswith(threading.current_thread().name)
        transaction.set_rollback(True)


def test_without_a_transaction_tools_have_threads_of_their_own(acme, use_model):
    with tenant_context(acme.ref):
        model = in_a_thread(acme, use_model, ("people", {}))
    [said] = [message.content for message in model.asked[-1] if message.type == "tool"]
    assert said.startswith("atrium-tool")


def test_the_callers_connection_is_left_alone(acme, use_model):
    with tenant_context(acme.ref):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = '12345ms'")
            before = connection.connection
            in_a_thread(acme, use_model, ("people", {}))
            assert connection.connection is before
            assert connection.in_atomic_block
            with connection.cursor() as cursor:
                cursor.execute("SHOW statement_timeout")
                assert cursor.fetchone() == ("12345ms",)
        outside = connection.connection
        in_a_thread(acme, use_model, ("people", {}))
        assert connection.connection is outside


def test_a_failed_turn_does_not_spoil_the_callers_transaction(acme, use_model):
    """A model that fails is recorded, and a refused second turn is one statement that is undone."""
    from assistants.exceptions import ModelFailedError, RunActiveError

    use_model(PlayedModel(answers=[RuntimeError("down")]))
    with tenant_context(acme.ref), transaction.atomic():
        thread = Thread.objects.create(created_by=acme.member)
        with pytest.raises(ModelFailedError):
            Desk(user=acme.member).run("Go", thread_id=thread.pk)
        assert Run.objects.get().status == "failed"
        Run.objects.update(status="running")
        with pytest.raises(RunActiveError):
            Desk(user=acme.member).run("Go", thread_id=thread.pk)
        assert Message.objects.count() == 1  # the transaction still answers


def test_many_threads_may_ask_at_the_same_time(acme, globex, use_model):
    use_model(PlayedModel(answers=["Ok"]))
    failed: list[BaseException] = []

    def work(tenant) -> None:
        try:
            with tenant_context(tenant.ref):
                for _ in range(5):
                    thread = Thread.objects.create(created_by=tenant.member)
                    Desk(user=tenant.member).run("Go", thread_id=thread.pk)
                    assert thread.messages.count() == 2
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(tenant,)) for tenant in (acme, globex) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for tenant in (acme, globex):
        with tenant_context(tenant.ref):
            assert Message.objects.count() == 40


def test_an_assistant_may_be_asked_from_inside_a_synchronous_tool(acme, use_model):
    class Outer(Helper):
        id = "synchronous_outer"
        name = "Outer"

        @method_tool
        def delegate(self) -> str:
            """Ask the desk."""
            return Desk(user=self._user).run("Who is here?")

    for inside in (False, True):
        model = use_model(PlayedModel(answers=[wants(("delegate", {})), wants(("people", {})), "Many.", "Done."]))
        with tenant_context(acme.ref):
            assistant: AIAssistant = Outer(user=acme.member)
            if inside:
                with transaction.atomic():
                    assert assistant.run("Go") == "Done."
            else:
                assert assistant.run("Go") == "Done."
        assert model.asked[-1][-1].content == "Many."


# -- the bridge itself


def test_work_that_outlives_its_caller_goes_elsewhere(acme):
    """A task that the coroutine left behind must not wait for a thread that has gone on."""
    left: list[asyncio.Future[str]] = []
    go_on = threading.Event()

    async def later() -> str:
        await asyncio.to_thread(go_on.wait, 10)
        return await in_database(lambda: f"{current_tenant().schema_name}: {User.objects.count()}")

    async def begin() -> asyncio.AbstractEventLoop:
        left.append(asyncio.ensure_future(later()))
        return asyncio.get_running_loop()

    with tenant_context(acme.ref):
        loop = from_sync(begin)
    go_on.set()

    async def wait() -> str:
        return await left[0]

    assert asyncio.run_coroutine_threadsafe(wait(), loop).result(10).startswith("acme: ")


def test_an_interruption_of_the_caller_ends_the_work_and_not_the_loop():
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        from_sync(in_database, interrupted)

    async def fine() -> str:
        return "fine"

    assert from_sync(fine) == "fine"


def test_what_cannot_be_raised_in_a_coroutine_is_raised_as_something_else():
    def exhausted() -> None:
        next(iter(()))

    with pytest.raises(RuntimeError, match="StopIteration"):
        from_sync(in_database, exhausted)


async def test_a_server_and_its_synchronous_callers_share_one_loop():
    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    sync_bridge.adopt_loop()
    try:
        shared = await asyncio.to_thread(from_sync, loop)
    finally:
        sync_bridge.release_loop()
    assert shared is asyncio.get_running_loop()
    assert await asyncio.to_thread(from_sync, loop) is not shared
