"""Tools: methods of an assistant that the model may call.

``@method_tool`` marks a method; the class checks it when it is defined, and each instance makes LangChain tools of
its marked methods, in the order in which they were written.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Literal, TypeVar, overload

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field

from assistants.exceptions import AIAssistantMisconfiguredError
from assistants.tool_schemas import ArgsSchema, arguments_of, schema_from_hints

__all__ = ["BaseModel", "BaseTool", "Field", "StructuredTool", "method_tool"]

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "_atrium_tool"
_MADE = "_atrium_tools_made"
_LANGCHAINS = frozenset({"callbacks", "run_manager"})  # names that LangChain keeps for itself
_NOT_PLAIN = (staticmethod, classmethod)


@dataclass(frozen=True)
class ToolOptions:
    """What ``@method_tool`` was given."""

    name: str | None = None
    description: str | None = None
    args_schema: ArgsSchema | None = None
    return_direct: bool = False
    response_format: Literal["content", "content_and_artifact"] = "content"
    requires_approval: bool = False
    idempotent: bool = False
    tenant_selectable: bool = False


@overload
def method_tool(function: F, /) -> F: ...


@overload
def method_tool(
    name: str | None = None,
    /,
    *,
    description: str | None = None,
    args_schema: ArgsSchema | None = None,
    return_direct: bool = False,
    response_format: Literal["content", "content_and_artifact"] = "content",
    requires_approval: bool = False,
    idempotent: bool = False,
    tenant_selectable: bool = False,
    **options: Any,
) -> Callable[[F], F]: ...


def method_tool(function_or_name: Any = None, /, **options: Any) -> Any:
    """Mark a method as a tool, bare or with options.

    Parameters
    ----------
    name
        The tool's name for the model; the method's name without one. Also accepted as the first argument.
    description
        What the model reads about the tool; the method's docstring without one.
    args_schema
        A pydantic model of the arguments, or a JSON schema; without one it is made from the method's type hints.
    return_direct
        True: the tool's result is the answer; the model is not asked again.
    response_format
        ``"content_and_artifact"`` for a method that returns a pair: what the model reads, and something else.
    requires_approval
        True: the run stops before a call and waits until a person has approved it.
    idempotent
        True: a call that may have happened may be made again.
    tenant_selectable
        True: a tenant's administrators may give the tool to assistants that they make in the console.
    """
    if function_or_name is not None and not isinstance(function_or_name, str):
        return _mark(function_or_name, ToolOptions())
    if function_or_name is not None:
        options["name"] = function_or_name
    chosen = ToolOptions(**options)
    return lambda function: _mark(function, chosen)


def _mark(function: Any, options: ToolOptions) -> Any:
    if not inspect.isfunction(function):
        raise AIAssistantMisconfiguredError(f"@method_tool marks plain methods, with self, and not {function!r}.")
    setattr(function, _MARK, options)
    return function


def _options(value: Any) -> ToolOptions | None:
    """What a class' attribute was marked with. Asks functions only: a lazy object would wake up."""
    return getattr(value, _MARK, None) if type(value) is FunctionType else None


def check_tool_methods(cls: type) -> None:
    """Refuse a marked method that a model could not understand. Raises ``AIAssistantMisconfiguredError``."""
    for base in cls.__mro__:
        for name, value in vars(base).items():
            options = _options(value)
            if options is not None:
                _check(f"{base.__module__}.{base.__qualname__}.{name}", value, options)
            elif _options(getattr(value, "__func__", None) if type(value) in _NOT_PLAIN else None):
                raise AIAssistantMisconfiguredError(f"{base.__qualname__}.{name} is a tool: it must take self.")


def _check(where: str, function: Callable[..., Any], options: ToolOptions) -> None:
    if not (options.description or function.__doc__ or "").strip():
        raise AIAssistantMisconfiguredError(
            f"{where} is a tool and needs a docstring: the model reads it to know what the tool is for."
        )
    missing = _missing_hints(function, options)
    if missing:
        raise AIAssistantMisconfiguredError(f"{where} is a tool and needs type hints for: {', '.join(missing)}.")
    taken = _LANGCHAINS.intersection(inspect.signature(function).parameters)
    if taken:
        raise AIAssistantMisconfiguredError(f"{where} is a tool; LangChain keeps {', '.join(taken)} for itself.")


def _missing_hints(function: Callable[..., Any], options: ToolOptions) -> list[str]:
    signature = inspect.signature(function)
    missing = []
    if options.args_schema is None:
        missing = [each.name for each in arguments_of(function) if each.annotation is each.empty]
    if signature.return_annotation is signature.empty:
        missing.append("the return value")
    return missing


def method_tools(instance: object) -> Sequence[BaseTool]:
    """LangChain tools of the instance's marked methods, in the order of definition, a base class' first."""
    return [_bound(getattr(instance, made.method), made) for made in _tools_made(type(instance))]


def tool_names(cls: type) -> list[str]:
    """The names of the class' tool methods, as the model knows them; not those of tools that ``get_tools`` adds."""
    return [made.options.name or made.method for made in _tools_made(cls)]


@dataclass(frozen=True, slots=True)
class SelectableMethod:
    """A tool method that administrators may give to other assistants: its name and description as the model has them,
    and the method as it was written."""

    name: str
    description: str
    requires_approval: bool
    function: Callable[..., Any]


def selectable_methods(cls: type) -> list[SelectableMethod]:
    """The class' tool methods that are marked ``tenant_selectable``, a base class' too."""
    return [
        SelectableMethod(
            made.options.name or made.method,
            made.description,
            made.options.requires_approval,
            getattr(cls, made.method),
        )
        for made in _tools_made(cls)
        if made.options.tenant_selectable
    ]


def share_tools(cls: type, base: type) -> None:
    """Let ``cls``, which adds no tool method to ``base``, use what was made of that one's."""
    setattr(cls, _MADE, _tools_made(base))


@dataclass(frozen=True)
class _ToolMade:
    """What a class' instances need to make a tool of one of its methods."""

    method: str
    description: str
    args_schema: ArgsSchema
    is_async: bool
    options: ToolOptions


def _tools_made(cls: type) -> Sequence[_ToolMade]:
    """Made once a class: a schema costs a millisecond."""
    if _MADE not in vars(cls):
        setattr(cls, _MADE, tuple(_make(cls, name, options) for name, options in _marked(cls).items()))
    return vars(cls)[_MADE]


def _marked(cls: type) -> dict[str, ToolOptions]:
    marked: dict[str, ToolOptions] = {}
    for base in reversed(cls.__mro__):
        for name, function in vars(base).items():
            options = _options(function)
            if options is not None:
                marked[name] = options
            else:
                marked.pop(name, None)  # overridden by something that is no tool
    return marked


def _make(cls: type, name: str, options: ToolOptions) -> _ToolMade:
    function = getattr(cls, name)
    return _ToolMade(
        method=name,
        description=options.description or inspect.cleandoc(function.__doc__ or ""),
        args_schema=options.args_schema or schema_from_hints(cls, name, function),
        is_async=inspect.iscoroutinefunction(function),
        options=options,
    )


def _bound(method: Callable[..., Any], made: _ToolMade) -> BaseTool:
    options = made.options
    return StructuredTool(
        name=options.name or made.method,
        func=None if made.is_async else method,
        coroutine=method if made.is_async else None,
        description=made.description,
        args_schema=made.args_schema,
        return_direct=options.return_direct,
        response_format=options.response_format,
        metadata={"requires_approval": options.requires_approval, "idempotent": options.idempotent},
    )


def requires_approval(tool: BaseTool) -> bool:
    """True for a tool that a person must approve before it runs."""
    return bool((tool.metadata or {}).get("requires_approval"))


def is_idempotent(tool: BaseTool) -> bool:
    """True for a tool that may be called again for the same request, because its author says so."""
    return bool((tool.metadata or {}).get("idempotent"))


def finds_passages(tool: BaseTool) -> bool:
    """True for a tool whose answers bring numbered passages to cite: a search, or another assistant."""
    return bool((tool.metadata or {}).get("finds_passages"))


def is_async_tool(tool: BaseTool) -> bool:
    """True when the tool runs on the event loop; LangChain's default would lend it a thread of its own."""
    if hasattr(tool, "coroutine"):
        return tool.coroutine is not None
    return type(tool)._arun is not BaseTool._arun
