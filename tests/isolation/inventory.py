"""What an outsider could ask: every operation, page, job, tool and retriever that there is, from the documents and the
registries. Nothing here is written by hand, so nothing new is overlooked. No database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parents[2]
TENANT_URLS, PUBLIC_URLS = "atrium.urls", "atrium.urls_public"
_METHODS = ("get", "post", "put", "patch", "delete")
_SERVED_BY_A_DOCUMENT = ("api/", "v1/")


@dataclass(frozen=True)
class Operation:
    """An operation of an API, and the names of what it takes."""

    name: str
    method: str
    path: str
    in_path: tuple[str, ...] = ()
    in_query: tuple[str, ...] = ()
    in_body: tuple[str, ...] = ()
    needed: frozenset[str] = field(default_factory=frozenset)

    @property
    def label(self) -> str:
        return f"{self.name} ({self.method} {self.path})"


@dataclass(frozen=True)
class Page:
    """A page of a console, or another one: its address with names in braces, as ``admin/rag/document/{object_id}/``."""

    address: str
    places: tuple[str, ...]


def operations(document: str = "openapi.json") -> list[Operation]:
    """Every operation of a kept document (tests/contract see to it that it is current)."""
    spec = json.loads((ROOT / "docs" / "reference" / document).read_text())
    return [
        _operation(spec, method, path, described)
        for path, methods in spec["paths"].items()
        for method, described in methods.items()
        if method in _METHODS
    ]


def openai_operations() -> list[Operation]:
    """Every operation of the OpenAI-compatible face, which has no document: from its routers."""
    from atrium.api import openai_api

    spec = openai_api.get_openapi_schema()
    return [
        _operation(spec, method, path, described)
        for path, methods in spec["paths"].items()
        for method, described in methods.items()
        if method in _METHODS and "refuse_" not in described["operationId"]  # those say that there is nothing
    ]


def undocumented(document: str = "openapi.json", urls: str = TENANT_URLS) -> set[str]:
    """Addresses of an API that its kept document does not show."""
    shown = {each.path.strip("/") for each in operations(document)}
    routed = {_page(route).address for route in _routes(get_resolver(urls).url_patterns)}
    return {address for address in routed if address.startswith("api/") and address.strip("/") not in shown}


def _operation(spec: Mapping[str, Any], method: str, path: str, described: Mapping[str, Any]) -> Operation:
    given = [(each["in"], each["name"], each.get("required")) for each in described.get("parameters", [])]
    bodies = described.get("requestBody", {}).get("content", {})
    body = {name for kind in bodies.values() for name in _names(spec, kind["schema"])}
    return Operation(
        described["operationId"],
        method.upper(),
        path,
        tuple(re.findall(r"\{(\w+)\}", path)),
        tuple(name for where, name, _ in given if where == "query"),
        tuple(sorted(body)),
        frozenset(name for where, name, required in given if where == "query" and required),
    )


def _names(spec: Mapping[str, Any], schema: Mapping[str, Any], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The names of all fields of a body, the nested ones too."""
    reference = schema.get("$ref")
    if reference:
        if reference not in seen:
            yield from _names(spec, spec["components"]["schemas"][reference.rpartition("/")[2]], seen | {reference})
        return
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from _names(spec, inner, seen)
    for part in ("anyOf", "oneOf", "allOf"):
        for inner in schema.get(part, []):
            yield from _names(spec, inner, seen)
    if isinstance(schema.get("items"), dict):
        yield from _names(spec, schema["items"], seen)


def pages(urls: str = TENANT_URLS) -> list[Page]:
    """Every address of a host that no document describes: consoles, the chat page, accounts."""
    found = {_page(route) for route in _routes(get_resolver(urls).url_patterns)}
    return sorted((page for page in found if not page.address.startswith(_SERVED_BY_A_DOCUMENT)), key=str)


def _routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _routes(each.url_patterns, route)
        else:
            yield route


def _page(route: str) -> Page:
    """Django's ways to write a place in an address, as one."""
    route = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", route.replace("^", "").removesuffix("$"))
    address = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
    return Page(address, tuple(re.findall(r"\{(\w+)\}", address)))


def jobs() -> list[str]:
    """The names of all jobs of ours."""
    from procrastinate.contrib.django import app

    theirs = ("builtin:", "procrastinate.", "tests.")
    return sorted(name for name in app.tasks if not name.startswith(theirs))


def assistants() -> dict[str, Any]:
    """The assistants that the installed apps define: not those of tests."""
    from assistants import AIAssistant

    registry = AIAssistant.get_cls_registry()
    return {id: cls for id, cls in sorted(registry.items()) if not cls.__module__.startswith("tests")}


def tools() -> list[str]:
    """Every tool that a class of an assistant declares, as ``assistant.tool``."""
    from assistants.tools import tool_names

    return [f"{id}.{tool}" for id, cls in assistants().items() for tool in tool_names(cls)]


def retrievers() -> list[str]:
    """Every kind of retriever of ours, as ``module.Class``."""
    from langchain_core.retrievers import BaseRetriever

    import rag.retriever  # noqa: F401  # defines one

    ours = ("rag.", "assistants.", "atrium.", "embed.")
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in _below(BaseRetriever)}
    return sorted(name for name in kinds if name.startswith(ours))


def _below(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)
