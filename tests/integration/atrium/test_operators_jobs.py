"""The queue of jobs on the operators' console."""

from __future__ import annotations

from django.db import connection

from rag.tasks import reembed_collection
from tenants.context import public_context
from tenants.database import in_database
from tenants.models import AuditEntry
from tests.consoles import PUBLIC_HOST


async def test_operators_see_jobs_of_all_tenants_and_try_again_those_that_failed(console, operator, acme, globex):
    def fail(job: int) -> None:
        with public_context(), connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'failed', attempts = 3 WHERE id = %s", [job])

    failed = await acme.run(lambda: reembed_collection.defer(collection_id="0" * 32))
    waiting = await globex.run(lambda: reembed_collection.defer(collection_id="1" * 32))
    await in_database(fail, failed)
    operators = await console(PUBLIC_HOST, "operator")
    page = (await operators.open("procrastinate/procrastinatejob/")).text
    for said in ("rag.reembed_collection", f"job {failed}", f"job {waiting}", "acme", "globex", "Failed", "Waiting"):
        assert said in page, said
    shown = (await operators.open("procrastinate/procrastinatejob/?status__exact=failed")).text
    assert f"job {waiting}" not in shown
    assert "0" * 32 in (await operators.open(f"procrastinate/procrastinatejob/{failed}/change/")).text
    chosen = {"action": "retry", "_selected_action": [str(failed), str(waiting)], "index": "0"}
    page = await operators.send("procrastinate/procrastinatejob/", **chosen)
    assert page.status_code == 302
    said = (await operators.open("procrastinate/procrastinatejob/")).text
    assert "Tried again: 1." in said
    assert "there is nothing to try again" in said

    def now() -> tuple[str, list[str]]:
        with public_context(), connection.cursor() as cursor:
            cursor.execute("SELECT status::text FROM procrastinate_jobs WHERE id = %s", [failed])
            status = cursor.fetchone()[0]
            return status, list(AuditEntry.objects.filter(action="job.retried").values_list("target_id", flat=True))

    assert await in_database(now) == ("todo", [str(failed)])


async def test_lists_of_operators_are_called_as_in_the_navigation(console, operator):
    operators = await console(PUBLIC_HOST, "operator")
    for path, name in (
        ("procrastinate/procrastinatejob/", "jobs"),
        ("tenants/operatorkey/", "API keys"),
        ("tenants/platformbudget/", "budgets"),
        ("tenants/modelprice/", "prices of models"),
    ):
        page = (await operators.open(path)).text
        assert f"No {name} yet" in page, path
        assert "rocrastinate job" not in page
    assert "To the overview" in (await operators.open("password_change/done/")).text


async def test_a_tenants_console_has_no_page_about_jobs(console, acme):
    owners = await console(acme.host, "owner")
    assert (await owners.open("procrastinate/procrastinatejob/")).status_code == 404
