"""Which version of an assistant answered: told by its developer, or read off its source."""

from __future__ import annotations

import hashlib
import inspect
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistants.assistants import AIAssistant

_KEPT = "_atrium_source_version"
DIGITS = 12  # of the hash: enough to tell versions of one class apart
LONGEST = 64  # characters of a version that are kept
_reading = threading.Lock()  # CPython 3.11's parser, which ``inspect`` asks, fails in two threads at once


def version_of(assistant: AIAssistant | type[AIAssistant]) -> str:
    """The assistant's ``version``; without one, the first 12 hex digits of a SHA-256 of its class' source.

    Empty where there is no source to read, as for a class that was typed into a shell. What a tenant's administrators
    have chosen adds a ``+`` and a hash of that.
    """
    if assistant.configuration is not None:
        chosen = f"+{assistant.configuration.digest}"
        cls = assistant if isinstance(assistant, type) else type(assistant)
        return version_of(cls.__mro__[1])[: LONGEST - len(chosen)] + chosen
    if assistant.version:
        return str(assistant.version)[:LONGEST]
    cls = assistant if isinstance(assistant, type) else type(assistant)
    if _KEPT not in vars(cls):  # once a class: reading a file takes milliseconds
        with _reading:
            setattr(cls, _KEPT, _hash_of_source(cls))
    return vars(cls)[_KEPT]


def _hash_of_source(cls: type[AIAssistant]) -> str:
    """Over the class and its bases, as a change in any of them changes what it does; not over Atrium's own."""
    from assistants.assistants import AIAssistant

    digest = hashlib.sha256()
    try:
        for base in cls.__mro__:
            if base is not AIAssistant and base is not object:
                digest.update(inspect.getsource(base).encode())
    except (OSError, TypeError):
        return ""
    return digest.hexdigest()[:DIGITS]
