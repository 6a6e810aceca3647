"""What an assistant did itself between the calls that it handed to a client.

A client sees only the calls of its own tools. When it answers one, the model must know what the assistant's tools did
before: else it would do it again. The id of a call names the run that made it (``FromClient.call_prefix``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, messages_from_dict

from assistants.access import key_of, threads_of
from assistants.callers import Caller
from assistants.models import Message, Run, Thread
from tenants.errors import NotFound

_CALL_ID = re.compile(r"call_([0-9A-Za-z]{1,32})-\d{1,4}")


def with_own_steps(
    caller: Caller, assistant_id: str, so_far: Sequence[BaseMessage]
) -> tuple[list[BaseMessage], list[Mapping[str, Any]]]:
    """``so_far`` with the steps of the caller's earlier runs before the calls that they ended with, and the passages
    that tools had found in these steps (as receipts have them). At most one query.

    Calls that no run of the caller's has made (another server's, say) stay as they are.
    """
    keys = [_run_of(message) for message in so_far]
    found = _steps(caller, assistant_id, {key for key in keys if key is not None})
    whole: list[BaseMessage] = []
    passages: dict[Any, Mapping[str, Any]] = {}
    for key, message in zip(keys, so_far, strict=True):
        steps = found.pop(key, _Steps())
        whole += [*steps.messages[:-1], message]
        passages |= {each.get("number"): each for each in steps.passages if each.get("call_id")}
    return whole, list(passages.values())


def _run_of(message: BaseMessage) -> Any:
    """The key of the run that called the client's tools in this message, or None."""
    if not (isinstance(message, AIMessage) and message.tool_calls):
        return None
    read = _CALL_ID.fullmatch(message.tool_calls[0]["id"] or "")
    try:
        return key_of(Run, read[1], NotFound) if read else None
    except NotFound:
        return None


@dataclass(slots=True)
class _Steps:
    """What a run said and did, the client's call at the end, and the passages of its receipt."""

    messages: list[BaseMessage] = field(default_factory=list)
    passages: Sequence[Mapping[str, Any]] = ()


def _steps(caller: Caller, assistant_id: str, keys: set[Any]) -> dict[Any, _Steps]:
    """Those of each run."""
    if not keys:
        return {}
    rows = Message.objects.filter(
        run__in=keys,
        run__assistant_id=assistant_id,
        run__status=Run.Status.COMPLETED,
        thread__in=threads_of(caller).filter(source=Thread.Source.COMPLETION),
        message__type__in=["ai", "tool"],
    )
    found: dict[Any, _Steps] = {}
    ordered = rows.order_by("created_at", "id")
    for key, message, passages in ordered.values_list("run_id", "message", "run__receipt__passages"):
        steps = found.setdefault(key, _Steps(passages=passages or ()))
        steps.messages += messages_from_dict([message])
    return found
