"""A project whose threads have numbers for keys: migrated, used from Python and over HTTP; tells what it saw.

    python -m tests.integer_keys        in the empty database at DATABASE_URL

Writes one line of JSON: {"migrations", "columns", "python": {...}, "http": {...}}.
"""

from __future__ import annotations

import django

django.setup()

import asyncio  # noqa: E402
import io  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
from typing import Any  # noqa: E402

import httpx  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from assistants import AIAssistant, method_tool  # noqa: E402
from assistants.models import Message, Run, RunEvent, Thread  # noqa: E402
from atrium.asgi import application  # noqa: E402
from tenants.context import tenant_context  # noqa: E402
from tenants.database import in_database  # noqa: E402
from tests.factories import TenantFixture, make_tenant  # noqa: E402
from tests.played_model import PlayedModel, wants  # noqa: E402
from tests.sse import read_events  # noqa: E402

LARGEST = 2**63 - 1


class Desk(AIAssistant):
    id = "desk"
    name = "Desk"
    instructions = "You help."

    def get_llm(self) -> Any:
        return PlayedModel(answers=[wants(("look", {})), "Seen."])

    @method_tool
    def look(self) -> str:
        """Look."""
        return "something"


def migrated() -> TenantFixture:
    from tenants.provisioning.migrate import migrate_public

    migrate_public()
    return make_tenant("acme")


def waiting_migrations() -> str:
    said = io.StringIO()
    call_command("makemigrations", "assistants", dry_run=True, stdout=said)
    return said.getvalue().strip()


def key_columns() -> dict[str, str]:
    """The types of the keys' columns and of the columns that point to them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name || '.' || column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'acme' AND table_name LIKE 'assistants\\_%'"
            " AND column_name IN ('id', 'thread_id', 'run_id') AND table_name <> 'assistants_configuredassistant'"
        )
        return dict(cursor.fetchall())


def from_python(acme: TenantFixture) -> dict[str, Any]:
    thread = Thread.objects.create(created_by=acme.member)
    answers = [Desk(user=acme.member).run("What is there?", thread_id=thread.pk) for _ in range(2)]
    return {
        "thread": thread.pk,
        "answers": answers,
        "messages": [message.content for message in thread.get_messages()],
        "kinds": [message.type for message in thread.get_messages(include_extra_messages=True)],
        "message_ids_fit": [str(pk) for pk in Message.objects.values_list("pk", flat=True)]
        == [message.id for message in thread.get_messages(include_extra_messages=True)],
        "runs": list(Run.objects.order_by("pk").values_list("status", flat=True)),
        "last_event": RunEvent.objects.order_by("pk").values_list("type", flat=True).last(),
    }


async def over_http(acme: TenantFixture) -> dict[str, Any]:
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{acme.host}", headers=acme.bearer) as client:
        made = await client.post("/api/threads/", json={"name": "Numbers"})
        url = f"/api/threads/{made.json()['id']}/"
        body = {"assistant_id": "desk", "content": "What is there?"}
        answered = await client.post(f"{url}messages/", json=body)
        streamed = await client.post(f"{url}messages/", json=body, headers={"Accept": "text/event-stream"})
        listed = (await client.get(f"{url}messages/")).json()
        deleted = await client.delete(f"{url}messages/{listed[0]['id']}/")
        odd = ("0", "-1", "x", str(LARGEST), str(LARGEST + 1), "9" * 400, "00000000-0000-7000-8000-000000000000")
        return {
            "made": made.json(),
            "statuses": [made.status_code, answered.status_code, streamed.status_code, deleted.status_code],
            "answered": answered.json(),
            "events": [(event.type, event.data.get("run_id")) for event in read_events(streamed.text)],
            "listed": [message["content"] for message in listed],
            "left": len((await client.get(f"{url}messages/")).json()),
            "renamed": (await client.patch(url, json={"name": "New"})).json()["name"],
            "threads": [thread["id"] for thread in (await client.get("/api/threads/")).json()],
            "odd": {key: (await client.get(f"/api/threads/{key}/")).status_code for key in odd},
            "gone": (await client.delete(url)).status_code,
        }


async def main() -> dict[str, Any]:
    acme = await in_database(migrated)
    with tenant_context(acme.ref):
        facts = {
            "migrations": await in_database(waiting_migrations),
            "columns": await in_database(key_columns),
            "python": await asyncio.to_thread(from_python, acme),
        }
    return {**facts, "http": await over_http(acme)}


sys.stdout.write(json.dumps(asyncio.run(main())))
