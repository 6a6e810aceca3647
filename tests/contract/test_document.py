"""The API's document: current, and true of what the API sends."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from assistants.api import schemas
from atrium.api import api
from atrium.management.commands import openapi


def operations() -> list[tuple[str, dict]]:
    paths = json.loads(openapi.DOCUMENT.read_text())["paths"]
    return [
        (f"{method.upper()} {path}", operation) for path, item in paths.items() for method, operation in item.items()
    ]


def test_the_kept_document_is_current():
    assert openapi.DOCUMENT.read_text(encoding="utf-8") == openapi.document(), "Run manage.py openapi."
    call_command("openapi", check=True)


def test_the_command_says_when_it_is_not(monkeypatch):
    monkeypatch.setattr(openapi, "document", lambda: "another")
    with pytest.raises(CommandError, match=r"openapi\.json is not current"):
        call_command("openapi", check=True)


@pytest.mark.parametrize(("name", "operation"), operations())
def test_every_operation_says_how_to_sign_in_what_it_does_and_how_it_refuses(name, operation):
    assert operation["security"] == [{"ApiKeyAuth": []}, {"SessionAuth": []}]
    assert operation["description"]
    assert operation["responses"]["default"]["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    }


def test_no_two_operations_have_one_name():
    names = [operation["operationId"] for _, operation in operations()]
    assert len(set(names)) == len(names)


async def test_what_is_sent_is_what_the_document_says(server, acme):
    client = server.signed_in(acme)
    thread = (await client.post("/api/threads/", json={})).json()
    body = {"assistant_id": "docs_assistant", "content": "hello"}
    url = f"/api/threads/{thread['id']}/messages/"
    posted = (await client.post(url, json=body)).json()
    listed = (await client.get(url)).json()
    assert listed == posted
    for message in listed:
        assert schemas.ThreadMessage.model_validate(message).model_dump(mode="json").keys() == message.keys()
    problem = (await client.get(f"{url}?limit=0")).json()
    assert schemas.Problem.model_validate(problem).errors[0].field == "limit"


def test_every_route_needs_a_sign_in():
    for router in api._get_bound_routers():
        for view in router.path_operations.values():
            assert all(operation.auth_callbacks for operation in view.operations)
