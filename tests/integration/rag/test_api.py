"""Search, lists and passages over HTTP, for members and API keys of the tenant."""

from __future__ import annotations

import uuid

import pytest

from tenants.context import tenant_context
from tenants.database import in_database
from tests.integration.rag.conftest import make_library


@pytest.fixture
async def library(acme):
    with tenant_context(acme.ref):
        library = await in_database(make_library, acme)
        await in_database(library.add, "# Repair\n\nReplace the gasket when the pump leaks.", "repair.md")
        return library


@pytest.fixture
def client(server, acme):
    return server.signed_in(acme)


async def test_a_search_answers_with_ranked_passages(client, library):
    response = await client.post("/api/collections/search/", json={"query": "gasket"})
    assert response.status_code == 200
    (hit,) = response.json()["hits"]
    assert (hit["title"], hit["heading"], hit["lexical_rank"]) == ("Repair", "Repair", 1)
    assert hit["text"] == "Replace the gasket when the pump leaks."


async def test_a_hit_can_be_opened(client, library):
    (hit,) = (await client.post("/api/collections/search/", json={"query": "gasket"})).json()["hits"]
    passage = (await client.get(f"/api/passages/{hit['chunk_id']}/")).json()
    assert passage == {
        "id": hit["chunk_id"],
        "document_id": hit["document_id"],
        "title": "Repair",
        "heading": "Repair",
        "page": None,
        "text": "Replace the gasket when the pump leaks.",
        "before": "",
        "after": "",
    }


async def test_collections_and_documents_are_listed(client, library):
    (collection,) = (await client.get("/api/collections/")).json()
    assert (collection["name"], collection["embedding_model"]) == ("Handbook", "wordllama-256")
    (document,) = (await client.get("/api/documents/", params={"collection_id": collection["id"]})).json()
    assert (document["title"], document["status"], document["chunk_count"]) == ("Repair", "ready", 1)
    assert "text" not in document
    assert (await client.get("/api/documents/", params={"collection_id": str(uuid.uuid4())})).json() == []
    assert (await client.get("/api/documents/", params={"offset": 1})).json() == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"query": "x", "collection_ids": [str(uuid.uuid4())]}, 404, "not_found"),
        ({"query": ""}, 422, "invalid_input"),
        ({"query": "x" * 2001}, 422, "invalid_input"),
        ({"query": "x", "limit": 51}, 422, "invalid_input"),
        ({"query": "x", "collection_ids": ["no"]}, 422, "invalid_input"),
        ({}, 422, "invalid_input"),
    ],
)
async def test_a_search_that_cannot_be_is_refused(client, library, body, status, code):
    response = await client.post("/api/collections/search/", json=body)
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize("chunk_id", ["0", "-1", "999999999999", "9" * 30])
async def test_an_unknown_passage_is_not_found(client, library, chunk_id):
    response = await client.get(f"/api/passages/{chunk_id}/")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_another_tenant_sees_none_of_it(server, client, globex, library):
    (hit,) = (await client.post("/api/collections/search/", json={"query": "gasket"})).json()["hits"]
    other = server.signed_in(globex)
    assert (await other.get("/api/collections/")).json() == []
    assert (await other.get("/api/documents/")).json() == []
    assert (await other.post("/api/collections/search/", json={"query": "gasket"})).json() == {"hits": []}
    assert (await other.get(f"/api/passages/{hit['chunk_id']}/")).status_code == 404
    asked = {"query": "gasket", "collection_ids": [str(library.collection.pk)]}
    assert (await other.post("/api/collections/search/", json=asked)).status_code == 404


@pytest.mark.parametrize("path", ["/api/collections/", "/api/documents/", "/api/passages/1/"])
async def test_who_is_not_signed_in_sees_nothing(server, library, path):
    response = await server.client(library.tenant.host).get(path)
    assert (response.status_code, response.json()["code"]) == (401, "not_signed_in")
