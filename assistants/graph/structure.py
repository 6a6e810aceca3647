"""Does an object have a wanted structure? The part of JSON Schema (draft 2020-12) in which models are told of one.

LangChain checks what is asked for as a pydantic class. For a TypedDict or a JSON schema it takes any JSON that comes.
Keywords that are not known here are not checked: what is refused is wrong, what is let through may still be. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list, tuple),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


@dataclass(frozen=True, slots=True)
class Structure:
    """A JSON schema. ``null_fits``: null is as good as any type, for schemas that have lost what may be null."""

    schema: Mapping[str, Any]
    null_fits: bool = False

    def fits(self, found: Any) -> bool:
        """True where ``found``, as JSON, has the structure."""
        return self._fits(found, self.schema)

    def _fits(self, found: Any, schema: Any) -> bool:
        if not isinstance(schema, Mapping):
            return schema is not False  # true and false are schemas, too
        if found is None and self.null_fits:
            return True
        if not (self._is_one_of(found, schema) and _has_type(found, schema.get("type"))):
            return False
        if isinstance(found, dict):
            return self._has_members(found, schema)
        return not isinstance(found, list) or all(self._fits(each, schema.get("items", True)) for each in found)

    def _is_one_of(self, found: Any, schema: Mapping[str, Any]) -> bool:
        """Fits the schema that this one refers to, one of each list of choices, and all that it must fit at once."""
        if "enum" in schema and found not in schema["enum"]:
            return False
        if "const" in schema and found != schema["const"]:
            return False
        choices = [schema[name] for name in ("anyOf", "oneOf") if name in schema]
        together = [*schema.get("allOf", ()), *([self._referred(schema["$ref"])] if "$ref" in schema else ())]
        return all(any(self._fits(found, choice) for choice in each) for each in choices) and all(
            self._fits(found, each) for each in together
        )

    def _has_members(self, found: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        if not found.keys() >= set(schema.get("required", ())):
            return False
        return all(self._fits(value, properties.get(name, others)) for name, value in found.items())

    def _referred(self, address: str) -> Any:
        """The part of the schema that ``#/...`` names; a schema that all fits where it names none."""
        place: Any = self.schema
        for step in address.removeprefix("#/").split("/"):
            place = place.get(step) if isinstance(place, Mapping) else None
        return True if place is None else place


def _has_type(found: Any, wanted: Any) -> bool:
    names = [wanted] if isinstance(wanted, str) else wanted or ()
    return not names or any(name not in _TYPES or _is(found, name) for name in names)


def _is(found: Any, name: str) -> bool:
    if isinstance(found, bool):  # Python's True is an int, JSON's is not
        return name == "boolean"
    if name == "integer" and isinstance(found, float):
        return found.is_integer()
    return isinstance(found, _TYPES[name])
