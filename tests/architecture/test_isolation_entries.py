"""Nothing new is left out of the isolation canary: each operation, page, job, tool and retriever has its entry.

What fails here is mended in tests/isolation/entries.py; CONTRIBUTING.md says how.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from tests.isolation import entries, inventory, kinds
from tests.isolation.entries import Entry
from tests.isolation.inventory import Operation

TABLE = "tests/isolation/entries.py"


def placeholders(value: Any) -> set[str]:
    """The kinds of ids that stand in a value as "{kind}"."""
    return set(re.findall(r"\{(\w+)\}", json.dumps(value)))


def names_in(value: Any) -> Iterator[str]:
    """The names of all fields of a body."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner)


def lacking(table: str, there_are: Iterable[str], entered: Iterable[str], example: str) -> list[str]:
    """What has no entry, and entries of what is there no more."""
    there, known = set(there_are), set(entered)
    return [f'{TABLE}: add to {table}: "{name}": {example}' for name in sorted(there - known)] + [
        f"{TABLE}: take out of {table}: {name!r}, which is there no more" for name in sorted(known - there)
    ]


def faults_of(operation: Operation, entry: Entry, table: str) -> Iterator[str]:
    """Places of an operation of which the entry does not say whether they hold an id."""
    where = f"{TABLE}: {operation.label}"
    for name in operation.in_path:
        if name not in entries.IN_PATH:
            yield f'{where}: add to IN_PATH: "{name}": the kind of id that stands in the path'
    said = {**entry.query, **dict.fromkeys(names_in(entry.body))}
    for name in (*operation.in_query, *operation.in_body):
        if name not in entries.NO_IDS and name not in said:
            yield f'{where}: give "{name}" in its entry of {table}, as "{{kind}}" if it is an id; else add it to NO_IDS'
    for name in operation.needed - set(entry.query):
        yield f'{where}: it needs the query parameter "{name}": give it in its entry of {table}'
    for name in placeholders([entry.query, entry.body]) - kinds.KINDS:
        yield f'{where}: "{{{name}}}" is no kind of id: make one in MAKERS of tests/isolation/world.py'


@pytest.mark.parametrize(
    ("table", "operations"),
    [
        ("OPERATIONS", inventory.operations()),
        ("OPERATOR", inventory.operations("openapi-operator.json")),
    ],
    ids=["tenant", "operator"],
)
def test_every_operation_has_an_entry_that_says_where_its_ids_are(table, operations):
    assert operations
    entered: Mapping[str, Entry] = getattr(entries, table)
    problems = lacking(table, [each.name for each in operations], entered, "Entry(query={...}, body={...})")
    for each in operations:
        if each.name in entered:
            problems += faults_of(each, entered[each.name], table)
    assert not problems, "\n".join(problems)


def test_so_has_every_operation_of_the_openai_face():
    names = [f"{each.method} {each.path}" for each in inventory.openai_operations()]
    problems = lacking("OPENAI", names, entries.OPENAI, "Entry(body={...})")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("document", "urls", "own"),
    [
        ("openapi.json", inventory.TENANT_URLS, {"api/", "api/docs", "api/openapi.json"}),
        (
            "openapi-operator.json",
            inventory.PUBLIC_URLS,
            {"api/operator/", "api/operator/docs", "api/operator/openapi.json"},
        ),
    ],
)
def test_no_operation_is_hidden_from_the_document_and_so_from_the_canary(document, urls, own):
    assert inventory.undocumented(document, urls) == own


def test_every_model_in_a_tenants_console_has_a_kind_of_id():
    from atrium.consoles import tenant_site

    labels = [model._meta.label for model in tenant_site._registry]
    problems = lacking(
        "MODELS", labels, entries.MODELS, '"kind", and a row of that kind in MAKERS of tests/isolation/world.py'
    )
    problems += [f"{TABLE}: {kind!r} is no kind" for kind in entries.MODELS.values() if kind not in kinds.KINDS]
    assert not problems, "\n".join(problems)


def test_every_page_with_a_place_for_an_id_is_known():
    own = [page.address for page in inventory.pages() if page.places and kinds.model_of(page) is None]
    problems = lacking("PAGES", own, entries.PAGES, '{"name of the place": "kind"}')
    for page in inventory.pages():
        for place in set(page.places) & set(entries.PAGES.get(page.address, {})) ^ set(page.places):
            if kinds.model_of(page) is None and page.address in entries.PAGES:
                problems.append(f"{TABLE}: PAGES[{page.address!r}] lacks the kind of id in {place!r}")
    assert not problems, "\n".join(problems)


def test_every_job_has_an_entry():
    example = '{"row_id": "{kind}"}, or ALL_TENANTS'
    problems = lacking("JOBS", inventory.jobs(), entries.JOBS, example)
    assert not problems, "\n".join(problems)


def test_every_tool_of_an_installed_assistant_has_an_entry():
    problems = lacking("TOOLS", inventory.tools(), entries.TOOLS, '{"argument": "{kind}"}')
    assert not problems, "\n".join(problems)


def test_every_retriever_has_an_entry():
    problems = lacking("RETRIEVERS", inventory.retrievers(), entries.RETRIEVERS, '{"narrowed_to": ["{kind}"]}')
    assert not problems, "\n".join(problems)


def test_what_is_missing_is_named_with_what_to_add():
    new = Operation("share_thread", "POST", "/api/threads/{thread_id}/shares/{share_id}/", ("thread_id", "share_id"))
    new_one = Operation(new.name, new.method, new.path, new.in_path, ("after",), ("with_member_id",))
    [missing] = lacking("OPERATIONS", [new.name], [], "Entry()")
    assert 'add to OPERATIONS: "share_thread": Entry()' in missing
    said = "\n".join(faults_of(new_one, Entry(query={"after": "{share}"}), "OPERATIONS"))
    assert 'add to IN_PATH: "share_id"' in said
    assert 'give "with_member_id" in its entry' in said
    assert '"{share}" is no kind of id' in said
    assert not list(faults_of(new_one, Entry(query={"after": "{thread}"}, body={"with_member_id": "{member}"}), ""))[1:]
