"""What Atrium's database holds when it is measured: the same threads and messages as the peer's, by the ORM."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, message_to_dict

from assistants.models import Message, Thread
from tenants.context import tenant_context
from tenants.keys import create_api_key
from tenants.models import User
from tenants.provisioning.create import create_tenant
from tenants.provisioning.migrate import migrate_public

HOST = "acme.localhost"
LIST_THREADS, LIST_MESSAGES = 200, 100

# As long as the peer's, with the metadata that a real provider's answers carry.
_QUESTION = "Could you tell me a little more about item number {number}? " * 4
_ANSWER = "Item number {number} is described in the catalogue under its own heading. " * 6
_METADATA = {
    "model_provider": "openai",
    "model_name": "gpt-4o-2024-08-06",
    "system_fingerprint": "fp_fake",
    "service_tier": "default",
    "finish_reason": "stop",
}
_USAGE = {
    "input_tokens": 300,
    "output_tokens": 20,
    "total_tokens": 320,
    "input_token_details": {"audio": 0, "cache_read": 0},
    "output_token_details": {"audio": 0, "reasoning": 0},
}


def seed(pools: Mapping[int, int], *, with_session: bool) -> dict[str, Any]:
    """Make a tenant, its two members and their threads; returns the ``turns`` and ``lists`` of a target file.

    ``pools`` says how many threads to make (value) with how many messages each (key).
    """
    migrate_public()
    with tenant_context(create_tenant("acme", "Acme", HOST).as_ref()):
        asking, listing = User.objects.create_user("bench"), User.objects.create_user("lister")
        threads = {str(size): _threads(asking, size, count) for size, count in pools.items()}
        _threads(listing, 0, LIST_THREADS - 1)
        (long_one,) = _threads(listing, LIST_MESSAGES, 1)
        headers = _session if with_session else _key
        seeded = {
            "turns": {"headers": headers(asking), "threads": threads},
            "lists": {
                "headers": headers(listing),
                "messages_thread": long_one,
                "expect_threads": LIST_THREADS,
                "expect_messages": LIST_MESSAGES,
            },
        }
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return seeded


def _threads(owner: User, size: int, count: int) -> list[str]:
    threads = Thread.objects.bulk_create(
        Thread(name=f"{size} messages, {number}", created_by=owner) for number in range(count)
    )
    for thread in threads:
        Message.objects.bulk_create([_message(thread, number) for number in range(size)], batch_size=500)
    return [str(thread.pk) for thread in threads]


def _message(thread: Thread, number: int) -> Message:
    row = Message(thread=thread)
    row.message = message_to_dict(_said(number).model_copy(update={"id": str(row.pk)}))
    return row


def _said(number: int) -> BaseMessage:
    if number % 2 == 0:
        return HumanMessage(content=_QUESTION.format(number=number))
    return AIMessage(content=_ANSWER.format(number=number), response_metadata=_METADATA, usage_metadata=dict(_USAGE))


def _key(user: User) -> dict[str, str]:
    _, secret = create_api_key("bench", user)
    return {"Authorization": f"Bearer {secret}"}


def _session(user: User) -> dict[str, str]:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    token = secrets.token_hex(16)
    cookies = f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={token}"
    return {"Cookie": cookies, "X-CSRFToken": token}
