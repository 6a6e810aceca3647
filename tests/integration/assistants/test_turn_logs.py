"""What a turn leaves in the logs: who, for whom, which run and request; never what was said."""

from __future__ import annotations

import logging

import pytest

from assistants.models import Run
from tenants.database import in_database
from tests.documents import add_ready_document
from tests.log_lines import log_lines

SECRET = "my passport is X1234567"


async def ask(client, accept: str = "application/json"):
    thread = (await client.post("/api/threads/", json={"name": SECRET})).json()["id"]
    body = {"assistant_id": "docs_assistant", "content": f"Where do I put it: {SECRET}?"}
    response = await client.post(f"/api/threads/{thread}/messages/", json=body, headers={"Accept": accept})
    await response.aread()
    return response


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_a_turn_is_two_lines_that_belong_together(server, acme, accept):
    with log_lines() as lines:
        response = await ask(server.signed_in(acme), accept)
    request_id = response.headers["X-Request-ID"]
    [answered] = [line for line in lines.read("answered") if line["request_id"] == request_id]
    [ended] = lines.read("run ended")
    run = await acme.run(Run.objects.get)
    assert (answered["tenant"], answered["actor_kind"], answered["method"]) == ("acme", "api_key", "POST")
    assert (ended["tenant"], ended["actor_kind"], ended["run_id"]) == ("acme", "api_key", str(run.pk))
    assert ended["request_id"] == request_id


async def test_nothing_that_was_said_found_or_sent_as_a_key_is_logged_at_any_level(server, acme, globex):
    await in_database(add_ready_document, acme, f"# Passports\n\nPut it away: {SECRET}.\n", "passports.md")
    with log_lines(level=logging.DEBUG) as lines:
        answer = (await ask(server.signed_in(acme))).json()[1]
        stranger = server.client(globex.host, **acme.bearer)
        assert (await stranger.get(f"/api/threads/?assistant_id={SECRET}")).status_code == 401
    assert SECRET in answer["content"]
    ours = [line for line in lines.text.splitlines() if '"logger": "httpx"' not in line]  # the test's own client
    assert not [line for line in ours if "passport" in line.lower() or acme.api_key in line]


async def test_a_run_that_fails_is_logged_with_its_kind_of_error_and_not_its_words(server, acme, failing_model):
    with log_lines(level=logging.DEBUG) as lines:
        response = await ask(server.signed_in(acme))
    assert response.status_code == 502
    [failed] = lines.read("run failed")
    run = await acme.run(Run.objects.get)
    assert (failed["tenant"], failed["run_id"], failed["code"]) == ("acme", str(run.pk), "model_failed")
    assert (failed["actor_kind"], failed["request_id"]) == ("api_key", response.headers["X-Request-ID"])
    assert "APIConnectionError" in failed["exc_info"]
    assert "key secret" not in lines.text
    assert "X1234567" not in lines.text
