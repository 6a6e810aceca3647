"""A search is tried in the console: what is found, why, and what is wrong with a filter."""

from __future__ import annotations

import re

import pytest

from rag.use_cases.create_collection import create_collection
from tenants.context import tenant_context
from tests.documents import add_ready_document

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def shelf(acme) -> None:
    add_ready_document(acme, f"# Pumps {EVIL}\n\nA pump {EVIL} moves water & more.", source="pumps.md")
    with tenant_context(acme.ref):
        create_collection(acme.actor(acme.owner), "Empty")


async def test_a_search_shows_ranks_and_marks_the_words(console, acme, shelf):
    page = (await (await console(acme.host, "owner")).open("rag/document/search/?q=the+PUMPS&limit=5")).text
    assert "<mark>pump</mark>" in page
    assert re.search(r"by words: 1 \(BM25 \d", page)
    assert re.search(r"by meaning: 1 \(cosine 0\.\d\d\)", page)
    assert EVIL not in page
    assert "&lt;script&gt;" in page
    assert 'value="the PUMPS"' in page
    assert "/change/?passage=1#passage-1" in page


async def test_before_a_question_there_is_only_the_form(console, acme, shelf):
    owners = await console(acme.host, "owner")
    page = (await owners.open("rag/document/search/")).text
    assert 'data-testid="search"' in page
    assert 'data-testid="hits"' not in page
    assert "Empty" in page
    assert "Try the search" in (await owners.open("rag/document/")).text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("q=zzyzx", "Nothing comes near"),
        ("q=pump&filter=%7B%22team%22%3A+%22sales%22%7D", "Nothing comes near"),
        ("q=pump&filter=%7Bteam", "This is not JSON"),
        ("q=pump&filter=%5B1%5D", "An object is expected"),
        ("q=pump&filter=%7B%22a%22%3A+%7B%22like%22%3A+1%7D%7D", "there is no operator like"),
        ("q=pump&collection=7", "Select a valid choice"),
        ("q=", "This field is required"),
    ],
)
async def test_what_is_not_found_or_not_understood_is_told(console, acme, shelf, query, told):
    assert told in (await (await console(acme.host, "owner")).open(f"rag/document/search/?{query}")).text


async def test_who_may_not_see_documents_may_not_try_the_search(console, acme, shelf, server):
    answer = await server.client(acme.host).get("/admin/rag/document/search/?q=pump")
    assert answer.status_code == 302
    assert "login" in answer.headers["location"]
