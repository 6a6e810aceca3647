"""A client that was written for the peer's API works with ours. The only exception is the type of ids."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from atrium.management.commands.openapi import DOCUMENT
from tests.contract.superset import differences

PEER = Path(__file__).with_name("django-ai-assistant-0.4.0.openapi.json")
THE_IDS = {
    "GET /threads/ 200[].id: may be string",
    "POST /threads/ 200.id: may be string",
    "GET /threads/{thread_id}/ 200.id: may be string",
    "PATCH /threads/{thread_id}/ 200.id: may be string",
}


@pytest.fixture
def peer() -> dict[str, Any]:
    return json.loads(PEER.read_text())


@pytest.fixture
def ours() -> dict[str, Any]:
    return json.loads(DOCUMENT.read_text())


def test_our_api_has_all_that_a_client_of_the_peer_uses(peer, ours):
    assert set(differences(peer, ours, "/api")) == THE_IDS


# -- the comparison itself: each of these would break a client


def lose_a_path(document):
    del document["paths"]["/threads/{thread_id}/"]


def lose_a_method(document):
    del document["paths"]["/threads/"]["post"]


def rename_an_operation(document):
    document["paths"]["/assistants/"]["get"]["operationId"] = "other"


def lose_a_parameter(document):
    document["paths"]["/threads/"]["get"]["parameters"] = []


def demand_a_parameter(document):
    document["paths"]["/threads/"]["get"]["parameters"][0]["required"] = True


def demand_a_field(document):
    document["components"]["schemas"]["ThreadIn"]["required"] = ["name"]


def take_a_narrower_type(document):
    document["components"]["schemas"]["ThreadIn"]["properties"]["assistant_id"] = {"type": "string"}


def lose_a_field_of_a_request(document):
    del document["components"]["schemas"]["ThreadIn"]["properties"]["name"]


def lose_a_field_of_a_response(document):
    del document["components"]["schemas"]["Thread"]["properties"]["name"]


def send_a_field_sometimes(document):
    document["components"]["schemas"]["ThreadMessage"]["required"].remove("content")


def send_another_type(document):
    document["components"]["schemas"]["Thread"]["properties"]["created_at"] = {"type": "integer"}


def send_what_is_not_said(document):
    document["components"]["schemas"]["ThreadMessage"]["properties"]["content"] = {}


def send_a_new_value(document):
    document["components"]["schemas"]["ThreadMessageTypeEnum"]["enum"].append("picture")


def answer_with_another_status(document):
    responses = document["paths"]["/threads/{thread_id}/"]["delete"]["responses"]
    responses["200"] = responses.pop("204")


def answer_without_a_body(document):
    del document["paths"]["/assistants/"]["get"]["responses"]["200"]["content"]


def refuse_sessions(document):
    document["components"]["securitySchemes"]["SessionAuth"]["in"] = "header"


LOSSES = [
    lose_a_path,
    lose_a_method,
    rename_an_operation,
    lose_a_parameter,
    demand_a_parameter,
    demand_a_field,
    take_a_narrower_type,
    lose_a_field_of_a_request,
    lose_a_field_of_a_response,
    send_a_field_sometimes,
    send_another_type,
    send_what_is_not_said,
    send_a_new_value,
    answer_with_another_status,
    answer_without_a_body,
    refuse_sessions,
]


def test_an_api_can_stand_in_for_itself(peer):
    assert list(differences(peer, copy.deepcopy(peer), "")) == []


@pytest.mark.parametrize("lose", LOSSES)
def test_it_notices_what_would_break_a_client(peer, lose):
    changed = copy.deepcopy(peer)
    lose(changed)
    assert list(differences(peer, changed, "")) != []


def add_an_optional_parameter(document):
    parameter = {"in": "query", "name": "limit", "schema": {"type": "integer"}, "required": False}
    document["paths"]["/threads/"]["get"]["parameters"].append(parameter)


def add_a_field(document):
    document["components"]["schemas"]["Thread"]["properties"]["tokens"] = {"type": "integer"}


def send_a_field_always(document):
    document["components"]["schemas"]["Thread"]["required"].append("name")


def send_no_null(document):
    document["components"]["schemas"]["Thread"]["properties"]["name"] = {"type": "string"}


def answer_with_a_body(document):
    content = {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}}
    document["paths"]["/threads/{thread_id}/messages/"]["post"]["responses"]["201"]["content"] = content


@pytest.mark.parametrize(
    "add", [add_an_optional_parameter, add_a_field, send_a_field_always, send_no_null, answer_with_a_body]
)
def test_it_has_nothing_against_what_is_better(peer, add):
    changed = copy.deepcopy(peer)
    add(changed)
    assert list(differences(peer, changed, "")) == []
