"""Would a client that was written for one API work with another? Told by their OpenAPI documents.

What a client sends must be accepted, so a request may only become laxer; what it gets must be as it expects, so a
response may only become stricter. Additions are nobody's loss. References (``$ref``), ``anyOf`` and ``nullable``-like
unions are understood as far as ninja writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass
class Shape:
    """A schema, as far as it matters here. No ``types`` at all stands for anything."""

    types: set[str] = field(default_factory=set)
    values: set[str] | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    items: Any = None


def differences(reference: Document, candidate: Document, prefix: str) -> Iterator[str]:
    """What a client of ``reference`` would miss in ``candidate``, whose paths begin with ``prefix``: a line each."""
    offered = {_anonymous(path): operations for path, operations in candidate["paths"].items()}
    for path, operations in reference["paths"].items():
        for method in METHODS:
            if method not in operations:
                continue
            name = f"{method.upper()} {path}"
            ours = offered.get(_anonymous(prefix + path), {}).get(method)
            if ours is None:
                yield f"{name}: missing"
            else:
                yield from _Comparison(reference, candidate, name).operation(operations[method], ours)


@dataclass
class _Comparison:
    reference: Document
    candidate: Document
    name: str

    def operation(self, theirs: Document, ours: Document) -> Iterator[str]:
        if theirs["operationId"] != ours["operationId"]:
            yield f"{self.name}: called {ours['operationId']} instead of {theirs['operationId']}"
        yield from self.parameters(theirs, ours)
        yield from self.bodies(theirs, ours)
        yield from self.responses(theirs, ours)
        yield from self.sign_in(theirs, ours)

    def parameters(self, theirs: Document, ours: Document) -> Iterator[str]:
        known = {(item["in"], item["name"]): item for item in theirs.get("parameters", [])}
        offered = {(item["in"], item["name"]): item for item in ours.get("parameters", [])}
        for key, item in known.items():
            if key not in offered:
                yield f"{self.name}: no {key[0]} parameter {key[1]}"
            elif key[0] != "path":  # in a path everything is text
                yield from self.request(f"parameter {key[1]}", item["schema"], offered[key]["schema"])
        for key, item in offered.items():
            if item["required"] and not known.get(key, {}).get("required"):
                yield f"{self.name}: parameter {key[1]} must be sent"

    def bodies(self, theirs: Document, ours: Document) -> Iterator[str]:
        before, now = _json(theirs.get("requestBody", {})), _json(ours.get("requestBody", {}))
        if before is None and ours.get("requestBody", {}).get("required"):
            yield f"{self.name}: a body must be sent"
        if before is not None and now is None:
            yield f"{self.name}: takes no JSON"
        elif before is not None:
            yield from self.request("body", before, now)

    def responses(self, theirs: Document, ours: Document) -> Iterator[str]:
        for status, response in theirs["responses"].items():
            before, now = _json(response), _json(ours["responses"].get(status, {}))
            if status not in ours["responses"]:
                yield f"{self.name}: never answers {status}"
            elif before is not None and now is None:
                yield f"{self.name}: {status} without JSON"
            elif before is not None:
                yield from self.response(status, before, now)

    def sign_in(self, theirs: Document, ours: Document) -> Iterator[str]:
        accepted = [scheme for way in ours.get("security", []) for scheme in self._schemes(self.candidate, way)]
        for way in theirs.get("security", []):
            for scheme in self._schemes(self.reference, way):
                if scheme not in accepted:
                    yield f"{self.name}: does not accept {scheme}"

    def request(self, place: str, theirs: Any, ours: Any) -> Iterator[str]:
        """The candidate takes all that the reference takes."""
        before, now = _shape(self.reference, theirs), _shape(self.candidate, ours)
        if now.types and not before.types <= now.types:
            yield f"{self.name} {place}: takes no {_words(before.types - now.types)}"
        if now.values is not None and not (before.values or {"anything"}) <= now.values:
            yield f"{self.name} {place}: takes fewer values"
        for missing in before.fields.keys() - now.fields.keys():
            yield f"{self.name} {place}.{missing}: missing"
        for new in now.required - before.required:
            yield f"{self.name} {place}.{new}: must be sent"
        for key in before.fields.keys() & now.fields.keys():
            yield from self.request(f"{place}.{key}", before.fields[key], now.fields[key])

    def response(self, place: str, theirs: Any, ours: Any) -> Iterator[str]:
        """The candidate sends nothing that the reference would not have sent."""
        before, now = _shape(self.reference, theirs), _shape(self.candidate, ours)
        if before.types and not (now.types and now.types <= before.types):
            yield f"{self.name} {place}: may be {_words(now.types - before.types) or 'anything'}"
        if before.values is not None and not (now.values and now.values <= before.values):
            yield f"{self.name} {place}: may have other values"
        for missing in before.fields.keys() - now.fields.keys():
            yield f"{self.name} {place}.{missing}: missing"
        for lax in (before.required & now.fields.keys()) - now.required:
            yield f"{self.name} {place}.{lax}: may be missing"
        for key in before.fields.keys() & now.fields.keys():
            yield from self.response(f"{place}.{key}", before.fields[key], now.fields[key])
        if before.items is not None and now.items is not None:
            yield from self.response(f"{place}[]", before.items, now.items)

    @staticmethod
    def _schemes(document: Document, way: dict[str, Any]) -> list[str]:
        known = document["components"]["securitySchemes"]
        return [" ".join(str(known[name].get(key)) for key in ("type", "in", "name", "scheme")) for name in way]


def _anonymous(path: str) -> str:
    return re.sub(r"{[^}]*}", "{}", path)


def _json(part: Document) -> Any:
    return part.get("content", {}).get("application/json", {}).get("schema")


def _shape(document: Document, schema: Any) -> Shape:
    if "$ref" in schema:
        return _shape(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        shapes = [_shape(document, branch) for branch in schema["anyOf"]]
        widest = max(shapes, key=lambda shape: len(shape.fields))
        types = set().union(*(shape.types for shape in shapes)) if all(shape.types for shape in shapes) else set()
        items = next((shape.items for shape in shapes if shape.items is not None), None)
        return Shape(types, widest.values, widest.fields, widest.required, items)
    return Shape(
        types={schema["type"]} if "type" in schema else set(),
        values=set(schema["enum"]) if "enum" in schema else None,
        fields=schema.get("properties", {}),
        required=set(schema.get("required", [])),
        items=schema.get("items"),
    )


def _words(types: set[str]) -> str:
    return " or ".join(sorted(types))
