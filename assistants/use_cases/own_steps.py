"""What an assistant did itself between the calls that it handed to a client.

A client sees only the calls of its own tools. When it answers one, the model must know what the assistant's tools did
before: else it would do it again. The id of a call names the run that made it (``FromClient.call_prefix``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, messages_from_dict

from assistants.access import key_of, threads_of
from assistants.callers import Caller
from assistants.models import Message, Run, Thread
from tenants.errors import NotFound

_CALL_ID = re.compile(r"call_([0-9A-Za-z]{1,32})-\d{1,4}")


def with_own_steps(caller: Caller, assistant_id: str, so_far: Sequence[BaseMessage]) -> list[BaseMessage]:
    """``so_far`` with the steps of the caller's earlier runs before the calls that they ended with. At most one query.

    Calls that no run of the caller's has made (another server's, say) stay as they are.
    """
    keys = [_run_of(message) for message in so_far]
    found = _steps(caller, assistant_id, {key for key in keys if key is not None})
    whole: list[BaseMessage] = []
    for key, message in zip(keys, so_far, strict=True):
        whole += [*found.pop(key, []), message]
    return whole


def _run_of(message: BaseMessage) -> Any:
    """The key of the run that called the client's tools in this message, or None."""
    if not (isinstance(message, AIMessage) and message.tool_calls):
        return None
    read = _CALL_ID.fullmatch(message.tool_calls[0]["id"] or "")
    try:
        return key_of(Run, read[1], NotFound) if read else None
    except NotFound:
        return None


def _steps(caller: Caller, assistant_id: str, keys: set[Any]) -> dict[Any, list[BaseMessage]]:
    """What each run said and did before its last message, which is the client's call."""
    if not keys:
        return {}
    rows = Message.objects.filter(
        run__in=keys,
        run__assistant_id=assistant_id,
        run__status=Run.Status.COMPLETED,
        thread__in=threads_of(caller).filter(source=Thread.Source.COMPLETION),
        message__type__in=["ai", "tool"],
    )
    steps: dict[Any, list[BaseMessage]] = {}
    for key, message in rows.order_by("created_at", "id").values_list("run_id", "message"):
        steps.setdefault(key, []).extend(messages_from_dict([message]))
    return {key: messages[:-1] for key, messages in steps.items()}
