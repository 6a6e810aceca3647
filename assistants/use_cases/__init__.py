"""What people do with assistants, threads and messages.

What projects import: ``from assistants.use_cases import create_thread, create_message, ...``, each with a twin for
asynchronous code (``acreate_thread``). The modules beside it serve Atrium's own API.
"""

from assistants.runs.decisions import Decision
from assistants.use_cases.asynchronous import (
    acreate_message,
    acreate_thread,
    adecide_tool_calls,
    adelete_message,
    adelete_thread,
    aget_assistant_cls,
    aget_assistants_info,
    aget_single_assistant_info,
    aget_single_thread,
    aget_thread_messages,
    aget_threads,
    aupdate_thread,
)
from assistants.use_cases.conversations import (
    create_message,
    create_thread,
    decide_tool_calls,
    delete_message,
    delete_thread,
    get_assistant_cls,
    get_assistants_info,
    get_single_assistant_info,
    get_single_thread,
    get_thread_messages,
    get_threads,
    update_thread,
)

__all__ = [
    "Decision",
    "acreate_message",
    "acreate_thread",
    "adecide_tool_calls",
    "adelete_message",
    "adelete_thread",
    "aget_assistant_cls",
    "aget_assistants_info",
    "aget_single_assistant_info",
    "aget_single_thread",
    "aget_thread_messages",
    "aget_threads",
    "aupdate_thread",
    "create_message",
    "create_thread",
    "decide_tool_calls",
    "delete_message",
    "delete_thread",
    "get_assistant_cls",
    "get_assistants_info",
    "get_single_assistant_info",
    "get_single_thread",
    "get_thread_messages",
    "get_threads",
    "update_thread",
]
