"""A tenant with a row of everything that has an id, and a mark in each of its texts that nobody else may read.

``MAKERS`` makes one id of each kind that ``entries.py`` names; a new kind is a function here. Numbers are drawn from a
range of the tenant's own, so that no id of one tenant's is by chance another's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.text import slugify

from assistants.models import ConfiguredAssistant, Message, Run, RunEvent, Thread
from atrium.demo.example.models import Issue
from embed.models import Site
from rag.models import Chunk, Document
from tenants.actors import OWNER
from tenants.context import owner_rights, tenant_context
from tenants.keys import create_api_key
from tenants.links import invitation_token, reset_tokens
from tenants.models import AccessRule, AuditEntry, Budget, Invitation, ProviderCredential, RateLimit, User
from tenants.use_cases.invitations import invite
from tests.documents import add_ready_document
from tests.factories import TenantFixture, make_member

_UUID = re.compile("[0-9a-f-]{36}")
APART = 998  # this much above a number of a row is a number that no row has


@dataclass
class World:
    """One tenant's rows: an id of each kind, as text."""

    tenant: TenantFixture
    ids: dict[str, str] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    """The sequences of its schema, and where they were before."""

    @property
    def mark(self) -> str:
        """What stands in all texts of this tenant's rows."""
        return f"{self.beginning}-secret"

    @property
    def beginning(self) -> str:
        """How the mark begins: a search for it finds the texts, and is no mark where it is shown again."""
        return f"canary-{self.tenant.ref.schema_name}"


def _thread(world: World) -> Thread:
    return Thread.objects.create(name=world.mark, created_by=world.tenant.owner, assistant_id="docs_assistant")


def _message(world: World) -> Message:
    said = {"type": "human", "data": {"content": world.mark, "type": "human"}}
    return Message.objects.create(thread=world.rows["thread"], message=said)


def _run(world: World) -> Run:
    question = world.rows["message"]
    run = Run.objects.create(
        thread=world.rows["thread"],
        assistant_id="docs_assistant",
        actor_kind="member",
        created_by=world.tenant.owner,
        question=question,
        status=Run.Status.COMPLETED,
        model=world.mark,
    )
    Message.objects.filter(pk=question.pk).update(run=run)
    answer = {"type": "ai", "data": {"content": world.mark, "type": "ai"}}
    Message.objects.create(thread=run.thread, run=run, message=answer)
    done = {"run_id": str(run.pk), "status": "completed", "messages": [world.mark]}
    RunEvent.objects.create(run=run, sequence=1, type="run.done", payload=done)
    return run


def _document(world: World) -> Document:
    key = add_ready_document(world.tenant, f"# {world.mark}\n\nThe canary sings: {world.mark}.", f"{world.mark}.md")
    return Document.objects.get(pk=key)


def _member(world: World) -> User:
    return make_member(world.mark, first_name=world.mark)


def _key(world: World) -> Any:
    return create_api_key(world.mark, world.tenant.owner)[0]


def _invitation(world: World) -> Invitation:
    owner = world.tenant.actor(world.tenant.owner)
    return invite(owner, f"invited-{world.mark}@example.com", "Member", site=f"http://{world.tenant.host}")


def _assistant(world: World) -> ConfiguredAssistant:
    name = f"canary_{world.tenant.ref.schema_name}"
    return ConfiguredAssistant.objects.create(id=name, base="general", name=world.mark, instructions=world.mark)


def _reset_uid(world: World) -> str:
    return urlsafe_base64_encode(force_bytes(world.rows["member"].pk))


MAKERS: Mapping[str, Callable[[World], Any]] = {
    "thread": _thread,
    "message": _message,
    "run": _run,
    "document": _document,
    "collection": lambda world: world.rows["document"].collection,
    "chunk": lambda world: Chunk.objects.get(document=world.rows["document"]),
    "member": _member,
    "group": lambda world: Group.objects.create(name=world.mark),
    "key": _key,
    "invitation": _invitation,
    "rule": lambda world: AccessRule.objects.create(action="thread.view", note=world.mark),
    "budget": lambda world: Budget.objects.create(tokens=10**9, note=world.mark),
    "rate_limit": lambda world: RateLimit.objects.create(scope="address", requests_a_minute=1_000_000),
    "provider": lambda world: ProviderCredential.objects.create(
        name=world.mark, base_url="https://models.example.com/v1", encrypted_key=world.mark, enabled=False
    ),
    "audit_entry": lambda world: AuditEntry.objects.create(
        actor_kind="member", actor=world.mark, via="api", action="member.changed", target=world.mark
    ),
    "site": lambda world: Site.objects.create(
        id=slugify(world.mark), name=world.mark, assistant_id="docs_assistant", origins=["https://www.example.com"]
    ),
    "site_key": lambda world: world.rows["site"].public_key,
    "issue": lambda world: Issue.objects.create(title=world.mark, body=world.mark),
    "assistant": _assistant,
    "invitation_token": lambda world: invitation_token(world.rows["invitation"]),
    "reset_uid": _reset_uid,
    "reset_token": lambda world: reset_tokens.make_token(world.rows["member"]),
    "content_type": lambda world: ContentType.objects.get_for_model(Thread),
    "file_format": lambda world: "csv",
    "app": lambda world: "no_such_app",
    "nowhere": lambda world: f"{world.mark}/",
    "host": lambda world: world.tenant.host,
    "schema": lambda world: world.tenant.ref.schema_name,
    "receipt": lambda world: "999001",
    "citation": lambda world: "1",
}
"""Kind -> what makes a row of it (its key is the id) or the id itself, in the tenant's context. In this order: a later
one may use what an earlier one has made (``world.rows``)."""


ALIKE = frozenset({"content_type", "file_format", "citation"})
"""Kinds that are the same for all tenants: they stand in addresses, and belong to nobody."""


def absent(id: str) -> str:
    """An id of the same form and length that nobody has."""
    if id.isdecimal():
        return str(int(id) + APART)
    if _UUID.fullmatch(id):
        return id[:-4] + ("dead" if not id.endswith("dead") else "beef")
    number = _encoded_number(id)
    if number is not None:
        return urlsafe_base64_encode(force_bytes(absent(number)))
    return id[:-4] + ("zzzz" if not id.endswith("zzzz") else "yyyy")


def _encoded_number(id: str) -> str | None:
    """The number that is in a link's base64, if one is."""
    try:
        text = urlsafe_base64_decode(id).decode()
    except ValueError:
        return None
    return text if text.isdecimal() else None


def make_world(tenant: TenantFixture, first_number: int) -> World:
    """Make the tenant's world. ``clear_world`` removes what the tenant's fixture does not."""
    world = World(tenant)
    with tenant_context(tenant.ref):
        world.numbers = _numbers_from(first_number)
        tenant.owner.groups.add(Group.objects.get(name=OWNER))
        for kind, make in MAKERS.items():
            made = make(world)
            world.rows[kind] = made
            world.ids[kind] = str(getattr(made, "pk", made))
    return world


def clear_world(tenant: TenantFixture, numbers: Mapping[str, int]) -> None:
    """Remove the rest, and let numbers go on from where they were."""
    with tenant_context(tenant.ref), owner_rights(), connection.cursor() as cursor:
        Group.objects.filter(name__startswith="canary-").delete()
        ConfiguredAssistant.objects.all().delete()
        ProviderCredential.objects.all().delete()
        for name, last in numbers.items():
            cursor.execute("SELECT setval(%s, %s, %s)", [connection.ops.quote_name(name), max(last, 1), last > 0])


def _numbers_from(first: int) -> dict[str, int]:
    """Let every sequence of the current tenant's schema count from ``first``. Returns where they were."""
    with owner_rights(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT sequencename, coalesce(last_value, 0) FROM pg_sequences WHERE schemaname = current_schema()"
        )
        before = dict(cursor.fetchall())
        for name in before:
            cursor.execute("SELECT setval(%s, %s)", [connection.ops.quote_name(name), first])
    return before
