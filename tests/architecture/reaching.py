"""Which functions a function may call, as its code names them: is one of them ``record``?

Names are followed through the functions, methods and classes of this project. A name that is passed on counts as
called. This finds no proof that something is recorded, but all places where nothing could be.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

OURS = ("tenants", "rag", "assistants", "embed", "atrium")


def reaches(start: Any, goal: FunctionType, owner: type | None = None) -> bool:
    """True when ``goal`` can be reached from ``start``, which is a method of ``owner`` or a function."""
    waiting: list[tuple[Any, type | None]] = [(start, owner)]
    seen: set[tuple[int, int]] = set()
    while waiting:
        function, of = waiting.pop()
        function = inspect.unwrap(getattr(function, "__func__", function))
        if function is goal:
            return True
        key = (id(function), id(of))
        if key not in seen and _is_ours(function):
            seen.add(key)
            waiting += _named(function, of)
    return False


def _is_ours(function: Any) -> bool:
    module = getattr(function, "__module__", None) or ""
    return isinstance(function, FunctionType) and module.split(".")[0] in OURS


def _named(function: FunctionType, of: type | None) -> Iterator[tuple[Any, type | None]]:
    """What the function's code names: globals, parts of modules, and methods of its own class (and those above it)."""
    names = set(_names(function.__code__))
    found = {name: _global(function, name) for name in names}
    for value in found.values():
        if isinstance(value, ModuleType):
            yield from ((getattr(value, name), None) for name in names if hasattr(value, name))
        elif isinstance(value, type):
            yield from ((each, value) for name, each in vars(value).items() if name in names)
        elif value is not None:
            yield value, None
    for cls in of.__mro__ if of is not None else ():
        yield from ((vars(cls)[name], of) for name in names if name in vars(cls))


def _global(function: FunctionType, name: str) -> Any:
    return function.__globals__.get(name)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    yield from code.co_freevars
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
        elif isinstance(constant, str) and constant.isidentifier():
            yield constant  # getattr(self, "_name")
