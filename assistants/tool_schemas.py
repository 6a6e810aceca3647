"""The arguments of a tool as a pydantic model, made from a method's type hints."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeAlias, get_type_hints

from langchain_core.runnables import RunnableConfig
from pydantic import BaseModel, create_model
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation, PydanticUserError

from assistants.exceptions import AIAssistantMisconfiguredError

ArgsSchema: TypeAlias = type[BaseModel] | dict[str, Any]

_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def arguments_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters that a model gives by name: without ``self`` and without ``*args`` and ``**kwargs``."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return [parameter for parameter in parameters if parameter.kind in _BY_NAME]


def schema_from_hints(cls: type, name: str, function: Callable[..., Any]) -> type[BaseModel]:
    """A pydantic model of the method's arguments.

    Hints may be text (``from __future__ import annotations``): they are looked up in the method's module and in the
    class, so a model that is nested in the assistant works. Raises ``AIAssistantMisconfiguredError`` that names the
    method where a hint leads nowhere or cannot be turned into JSON.
    """
    where = f"{cls.__module__}.{cls.__qualname__}.{name}"
    hints = _hints(where, cls, function)
    fields: dict[str, Any] = {
        each.name: (hints[each.name], ... if each.default is each.empty else each.default)
        for each in arguments_of(function)
        if hints[each.name] is not RunnableConfig  # LangChain passes that one itself
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # an argument may well be called "json" or "schema"
            schema = create_model(name, **fields)
            schema.model_json_schema()
    except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation, PydanticUserError, NameError) as error:
        raise AIAssistantMisconfiguredError(
            f"{where} is a tool, and its arguments cannot be written as JSON: {error}"
        ) from error
    return schema


def _hints(where: str, cls: type, function: Callable[..., Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        nested |= {name: value for name, value in vars(base).items() if isinstance(value, type)}
    written = SimpleNamespace(__annotations__={each.name: each.annotation for each in arguments_of(function)})
    try:
        return get_type_hints(written, inspect.unwrap(function).__globals__, nested, include_extras=True)
    except (NameError, AttributeError, SyntaxError) as error:
        raise AIAssistantMisconfiguredError(
            f"{where} is a tool, and one of its type hints cannot be found: {error}. "
            "Import it where the module can see it when it runs, not only for the type checker."
        ) from error
