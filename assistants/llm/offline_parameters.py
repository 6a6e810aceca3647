"""What a tool wants to be told: its JSON schema, reduced to what rules can fill in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["string", "integer", "number", "boolean", "array", "object"]
Schema = Mapping[str, Any]

_NAME_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+|\d+")
_KINDS: tuple[Kind, ...] = ("string", "integer", "number", "boolean", "array", "object")
_MAX_NESTING = 8  # schemas may refer to themselves


@dataclass(frozen=True)
class Parameter:
    """One parameter of a tool.

    Attributes
    ----------
    name, description, required
        As in the schema; the description may be empty.
    kind
        Its JSON type. "object" also stands for what no rule understands.
    format
        The schema's ``format`` ("date", "email", ...), or what the name says of a string; empty for any
        string.
    choices
        The values of an enum, a const or an array's enum; empty when anything goes.
    item
        The kind of an array's items.
    """

    name: str
    kind: Kind
    required: bool = False
    format: str = ""
    choices: tuple[Any, ...] = ()
    item: Kind = "object"
    description: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The words of its name in lower case: ``("order", "id")`` of ``order_id`` and ``orderId``."""
        return name_words(self.name)


@dataclass(frozen=True)
class Tool:
    """A tool by its OpenAI schema."""

    name: str
    parameters: tuple[Parameter, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The words of its name in lower case."""
        return name_words(self.name)


def name_words(name: str) -> tuple[str, ...]:
    """Split ``snake_case``, ``camelCase`` and ``kebab-case`` names."""
    return tuple(part.lower() for part in _NAME_PART.findall(name))


def read_tools(schemas: Sequence[Schema]) -> tuple[Tool, ...]:
    """Read tools in OpenAI's form, ``{"type": "function", "function": {...}}``; others are left out.

    See https://platform.openai.com/docs/guides/function-calling.
    """
    functions = [schema["function"] for schema in schemas if isinstance(schema.get("function"), Mapping)]
    return tuple(
        Tool(name=function["name"], parameters=_read_parameters(function.get("parameters") or {}))
        for function in functions
    )


def _read_parameters(schema: Schema) -> tuple[Parameter, ...]:
    required = set(schema.get("required") or ())
    definitions = schema.get("$defs") or schema.get("definitions") or {}
    return tuple(
        _read_parameter(name, value, name in required, definitions)
        for name, value in (schema.get("properties") or {}).items()
    )


def _read_parameter(name: str, schema: Schema, required: bool, definitions: Schema) -> Parameter:
    plain = _resolved(schema, definitions)
    kind = _kind(plain)
    items = _resolved(plain.get("items") or {}, definitions) if kind == "array" else {}
    return Parameter(
        name=name,
        kind=kind,
        required=required,
        format=_format(name, plain) if kind == "string" else "",
        choices=_choices(items if kind == "array" else plain),
        item=_kind(items),
        description=str(schema.get("description") or plain.get("description") or ""),
    )


def _resolved(schema: Schema, definitions: Schema, nesting: int = 0) -> Schema:
    """Follow references and take the first alternative that is not null ("number" before "integer")."""
    if nesting == _MAX_NESTING:
        return {}
    if "$ref" in schema:
        target = definitions.get(str(schema["$ref"]).rpartition("/")[2], {})
        return _resolved(target, definitions, nesting + 1)
    alternatives = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf") or ()
    real = [_resolved(each, definitions, nesting + 1) for each in alternatives if each.get("type") != "null"]
    if not real:
        return schema
    return next((each for each in real if each.get("type") == "number"), real[0])


def _kind(schema: Schema) -> Kind:
    declared = schema.get("type")
    if isinstance(declared, list):
        declared = next((each for each in declared if each != "null"), None)
    if declared is None and _choices(schema):
        return "string"
    return next((kind for kind in _KINDS if kind == declared), "object")


def _choices(schema: Schema) -> tuple[Any, ...]:
    if "const" in schema:
        return (schema["const"],)
    return tuple(choice for choice in schema.get("enum") or () if choice is not None)


def _format(name: str, schema: Schema) -> str:
    if declared := schema.get("format"):
        return str(declared)
    last_word = (name_words(name) or ("",))[-1]
    return {"date": "date", "email": "email", "url": "uri", "uri": "uri", "uuid": "uuid"}.get(last_word, "")
