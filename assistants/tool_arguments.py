"""Do arguments that a person wrote fit a tool? A model's are checked when the tool is called; a person is told at once.

Stricter than a call in one thing: an argument that the tool does not know is refused. LangChain leaves it out, and
then something else would happen than what the person believes to have approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, ValidationError

Problem = tuple[str, str]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def argument_problems(tool: BaseTool, args: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the arguments: the argument (or a path into it, with dots) and a sentence; empty: nothing.

    A tool with a pydantic model is checked by that. Of a JSON schema, the top level is checked: names, types, values.
    """
    schema = convert_to_openai_tool(tool)["function"]["parameters"]
    model = _model(tool)
    takes_any = schema.get("additionalProperties") if model is None else model.model_config.get("extra") == "allow"
    unknown = [] if takes_any else [name for name in args if name not in schema.get("properties", {})]
    if unknown:
        return [(name, "The tool has no such argument.") for name in unknown]
    return _by_schema(schema, args) if model is None else _by_model(model, args)


def _model(tool: BaseTool) -> type[BaseModel] | None:
    """The model with the developer's own validators; without them where LangChain gives the tool arguments, too."""
    whole, of_calls = tool.get_input_schema(), tool.tool_call_schema
    if isinstance(tool.args_schema, dict) or not (isinstance(of_calls, type) and issubclass(of_calls, BaseModel)):
        return None
    if issubclass(whole, BaseModel) and whole.model_fields.keys() == of_calls.model_fields.keys():
        return whole
    return of_calls


def _by_model(model: type[BaseModel], args: Mapping[str, Any]) -> list[Problem]:
    try:
        model.model_validate(deepcopy(dict(args)))  # a validator may change what it is given
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return [(".".join(map(str, each["loc"])), each["msg"]) for each in found]
    return []


def _by_schema(schema: Mapping[str, Any], args: Mapping[str, Any]) -> list[Problem]:
    problems = [(name, "This argument is missing.") for name in schema.get("required", ()) if name not in args]
    for name, value in args.items():
        wanted = schema.get("properties", {}).get(name, {})
        if not _has_type(wanted.get("type"), value):
            problems.append((name, f"This must be of the type {wanted['type']}."))
        elif "enum" in wanted and value not in wanted["enum"]:
            problems.append((name, f"This must be one of {', '.join(map(str, wanted['enum']))}."))
    return problems


def _has_type(wanted: Any, value: Any) -> bool:
    if wanted is None:
        return True
    names = wanted if isinstance(wanted, list) else [wanted]
    if isinstance(value, bool):  # Python's True is an int, JSON's is not
        return "boolean" in names
    if isinstance(value, float) and value.is_integer() and "integer" in names:
        return True
    return any(isinstance(value, _TYPES.get(name, (object,))) for name in names)
