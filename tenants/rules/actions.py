"""What access rules are about: actions, and the groups of them that one rule can name.

A group ends in ``*``: ``thread.*`` is every action that begins with ``thread.``, and ``*`` is every action.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

SEE, RUN = "assistant.see", "assistant.run"
CREATE_THREAD, VIEW_THREAD = "thread.create", "thread.view"
CHANGE_THREAD, DELETE_THREAD = "thread.change", "thread.delete"
CREATE_MESSAGE, CHANGE_MESSAGE, DELETE_MESSAGE = "message.create", "message.change", "message.delete"
USE_TOOL, READ_COLLECTION = "tool.use", "collection.read"

EVERYTHING, USE_ASSISTANT, THREADS, MESSAGES = "*", "assistant.*", "thread.*", "message.*"

ACTIONS: Mapping[str, str] = {
    SEE: "See an assistant",
    RUN: "Run an assistant",
    CREATE_THREAD: "Begin a conversation",
    VIEW_THREAD: "Open a conversation of their own",
    CHANGE_THREAD: "Rename a conversation of their own",
    DELETE_THREAD: "Delete a conversation of their own",
    CREATE_MESSAGE: "Write a message",
    CHANGE_MESSAGE: "Change a message",
    DELETE_MESSAGE: "Delete a message",
    USE_TOOL: "Have an assistant use a tool",
    READ_COLLECTION: "Read a collection",
}
"""Each action with its words for people."""

GROUPS: Mapping[str, str] = {
    EVERYTHING: "Everything",
    USE_ASSISTANT: "See and run an assistant",
    THREADS: "Begin, open, rename and delete conversations",
    MESSAGES: "Write, change and delete messages",
}

WITH_RESOURCE = (USE_TOOL, READ_COLLECTION)
"""The actions on something that has a name of its own: a tool, a collection."""

CHOICES: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    ("Several at once", tuple(GROUPS.items())),
    ("One action", tuple(ACTIONS.items())),
)


@cache
def actions_named(name: str) -> frozenset[str]:
    """The actions that an action, or a group of them, stands for; of an unknown name none."""
    if name.endswith("*"):
        return frozenset(action for action in ACTIONS if action.startswith(name[:-1]))
    return frozenset({name} & ACTIONS.keys())
