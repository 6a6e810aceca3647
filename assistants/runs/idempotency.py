"""Once: the same ``Idempotency-Key`` from the same caller gives the same run, never a second one.

The key is kept for a day. The same key with the same body re-attaches, also while the run goes on; with
another body it is refused, because one of the two would be lost. (draft-ietf-httpapi-idempotency-key-header)
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from assistants.models import IdempotencyKey, Run
from tenants.actors import Actor
from tenants.errors import InvalidInput
from tenants.text import check_text

KEPT_FOR = timedelta(hours=24)
LONGEST_KEY = 255  # characters


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A caller's key for one request. ``scope`` is whose it is: two callers may use the same key."""

    scope: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """The run that the key has started before."""

    run_id: Any


class KeyReused(InvalidInput):
    """This Idempotency-Key was used with another request. Use a new one for a new request."""

    code = "idempotency_key_reused"


def idempotency_of(actor: Actor, key: str | None, request: dict[str, Any]) -> Idempotency | None:
    """The caller's key for this request, or None without one. Raises ``InvalidInput`` for one that cannot be."""
    if key is None:
        return None
    if not key.strip():
        raise InvalidInput("An Idempotency-Key cannot be empty.", field="Idempotency-Key")
    check_text(key, field="Idempotency-Key", longest=LONGEST_KEY)
    if actor.user_id is not None:
        whose = f"member:{actor.user_id}"
    else:
        whose = f"{actor.kind}:{actor.api_key_id if actor.visitor_id is None else actor.visitor_id}"
    body = json.dumps(request, sort_keys=True, default=str).encode("utf-8", "surrogatepass")
    return Idempotency(whose, key, hashlib.sha256(body).hexdigest())


def earlier_run(idempotency: Idempotency) -> EarlierRun | None:
    """The run that this key has started in the last day. Raises ``KeyReused`` where the request was another one."""
    rows = IdempotencyKey.objects.filter(scope=idempotency.scope, key=idempotency.key)
    found = rows.values_list("run_id", "request_digest", "created_at").first()
    if found is None:
        return None
    run_id, digest, created_at = found
    if created_at < timezone.now() - KEPT_FOR:
        rows.filter(created_at=created_at).delete()
        return None
    if digest != idempotency.digest:
        raise KeyReused
    return EarlierRun(run_id)


def key_row(run: Run, idempotency: Idempotency | None) -> IdempotencyKey | None:
    """The row that keeps the key, to be stored with what the request begins."""
    if idempotency is None:
        return None
    return IdempotencyKey(run=run, scope=idempotency.scope, key=idempotency.key, request_digest=idempotency.digest)
