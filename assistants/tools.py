"""Tools: methods of an assistant that the model may call.

``@method_tool`` marks a method; the class checks it when it is defined, and each instance makes LangChain tools of
its marked methods, in the order in which they were written.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field

from assistants.exceptions import AIAssistantMisconfiguredError

__all__ = ["BaseModel", "BaseTool", "Field", "StructuredTool", "method_tool"]

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "_atrium_tool"


@dataclass(frozen=True)
class ToolOptions:
    """What ``@method_tool`` was given."""

    name: str | None = None
    args_schema: type[BaseModel] | None = None
    return_direct: bool = False
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
    args_schema: type[BaseModel] | None = None,
    return_direct: bool = False,
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
    args_schema
        A pydantic model of the arguments; without one it is made from the method's type hints.
    return_direct
        True: the tool's result is the answer; the model is not asked again.
    requires_approval
        True: the run stops before a call and waits until a person has approved it.
    idempotent
        True: a call that may have happened may be made again.
    tenant_selectable
        True: a tenant's administrators may give the tool to assistants that they make in the console.
    """
    if callable(function_or_name):
        return _mark(function_or_name, ToolOptions())
    if function_or_name is not None:
        options["name"] = function_or_name
    chosen = ToolOptions(**options)
    return lambda function: _mark(function, chosen)


def _mark(function: Any, options: ToolOptions) -> Any:
    setattr(function, _MARK, options)
    return function


def check_tool_methods(cls: type) -> None:
    """Refuse a marked method that a model could not understand. Raises ``AIAssistantMisconfiguredError``."""
    for name, function in vars(cls).items():
        options = getattr(function, _MARK, None)
        if options is None:
            continue
        where = f"{cls.__module__}.{cls.__qualname__}.{name}"
        if not (function.__doc__ or "").strip():
            raise AIAssistantMisconfiguredError(
                f"{where} is a tool and needs a docstring: the model reads it to know what the tool is for."
            )
        missing = _missing_hints(function, options)
        if missing:
            raise AIAssistantMisconfiguredError(f"{where} is a tool and needs type hints for: {', '.join(missing)}.")


def _missing_hints(function: Callable[..., Any], options: ToolOptions) -> list[str]:
    signature = inspect.signature(function)
    missing = []
    if options.args_schema is None:
        parameters = list(signature.parameters.values())[1:]  # without self
        missing = [parameter.name for parameter in parameters if parameter.annotation is parameter.empty]
    if signature.return_annotation is signature.empty:
        missing.append("the return value")
    return missing


def method_tools(instance: object) -> Sequence[BaseTool]:
    """LangChain tools of the instance's marked methods, in the order of definition, a base class' first."""
    marked: dict[str, ToolOptions] = {}
    for cls in reversed(type(instance).__mro__):
        for name, function in vars(cls).items():
            options = getattr(function, _MARK, None)
            if options is not None:
                marked[name] = options
            else:
                marked.pop(name, None)  # overridden by something that is no tool
    return [_as_tool(getattr(instance, name), options) for name, options in marked.items()]


def _as_tool(method: Callable[..., Any], options: ToolOptions) -> BaseTool:
    is_async = inspect.iscoroutinefunction(method)
    schema: dict[str, Any] = {"args_schema": options.args_schema} if options.args_schema else {}
    return StructuredTool.from_function(
        func=None if is_async else method,
        coroutine=method if is_async else None,
        name=options.name or method.__name__,
        description=inspect.cleandoc(method.__doc__ or ""),
        return_direct=options.return_direct,
        metadata={"requires_approval": options.requires_approval, "idempotent": options.idempotent},
        **schema,
    )


def requires_approval(tool: BaseTool) -> bool:
    """True for a tool that a person must approve before it runs."""
    return bool((tool.metadata or {}).get("requires_approval"))


def is_async_tool(tool: BaseTool) -> bool:
    """True when the tool runs on the event loop; LangChain's default would lend it a thread of its own."""
    if isinstance(tool, StructuredTool):
        return tool.coroutine is not None
    coroutine = getattr(tool, "coroutine", None)
    own = type(tool)._arun is not BaseTool._arun
    return asyncio.iscoroutinefunction(coroutine) if hasattr(tool, "coroutine") else own
