"""Collections and documents over HTTP: who may write makes, fills, watches, replaces and deletes them."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from rag.models import Chunk, Document
from rag.use_cases.ingest_document import ingest_document
from tenants.keys import create_api_key
from tests.factories import TenantFixture
from tests.integration.rag.conftest import clear_away
from tests.office_files import docx

PUMPS = b"# Pumps\n\nA pump moves water."


async def key_of(tenant: TenantFixture, user, **options) -> dict[str, str]:
    """Headers that sign in as the user."""
    _, secret = await tenant.run(lambda: create_api_key("tests", user, **options))
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
async def client(server, acme):
    """The owner's; the fixture's own key is a member's, who only reads."""
    return server.client(acme.host, **await key_of(acme, acme.owner))


@pytest.fixture
async def collection(client) -> str:
    made = await client.post("/api/collections/", json={"name": "Handbook", "chunk_tokens": 100, "overlap_tokens": 0})
    assert made.status_code == 201, made.text
    return f"/api/collections/{made.json()['id']}/"


async def ingest_all(tenant: TenantFixture) -> None:
    await tenant.run(lambda: [ingest_document(key) for key in Document.objects.values_list("pk", flat=True)])


async def test_a_collection_is_made_changed_read_and_deleted(client, collection, acme):
    changed = await client.patch(collection, json={"description": "All of it", "chunk_tokens": 300})
    assert changed.status_code == 200
    await client.post(collection + "documents/", json={"text": "Water.", "source": "a.md"})
    read = (await client.get(collection)).json()
    assert (read["name"], read["description"]) == ("Handbook", "All of it")
    assert (read["chunk_tokens"], read["overlap_tokens"]) == (300, 0)
    assert (read["documents"]["queued"], read["documents"]["ready"]) == (1, 0)
    assert (await client.post("/api/collections/", json={"name": "Handbook"})).json()["code"] == "collection_exists"
    assert (await client.patch(collection, json={"overlap_tokens": 200})).status_code == 422
    assert (await client.delete(collection)).status_code == 204
    assert (await client.get(collection)).status_code == 404
    assert (await client.get("/api/documents/")).json() == []
    await acme.run(clear_away)
    assert await acme.run(lambda: Document.objects.count()) == 0


@pytest.mark.parametrize("at_once", [False, True], ids=["one after the other", "all at once"])
async def test_lists_go_on_where_the_page_before_has_ended(client, collection, acme, at_once):
    for name in ("Aa", "Zz"):
        await client.post("/api/collections/", json={"name": name})
    for number in range(3):
        await client.post(collection + "documents/", json={"text": f"Water {number}.", "source": f"{number}.md"})
    if at_once:
        await acme.run(lambda: Document.objects.update(created_at=timezone.now()))
    seen: dict[str, list[str]] = {}
    for path, name in (("/api/collections/?limit=2", "name"), ("/api/documents/?limit=2", "source")):
        address, names = path, seen.setdefault(name, [])
        while address:
            page = await client.get(address)
            names += [row[name] for row in page.json()]
            address = page.links.get("next", {}).get("url", "").partition("/api/")[2]
            address = address and f"/api/{address}"
    assert seen == {"name": ["Aa", "Handbook", "Zz"], "source": ["2.md", "1.md", "0.md"]}
    assert [row["source"] for row in (await client.get("/api/documents/?offset=1&limit=2")).json()] == ["1.md", "0.md"]
    assert (await client.get("/api/documents/?offset=9")).json() == []
    assert (await client.get(f"/api/documents/?after={uuid.uuid4()}")).json()["code"] == "unknown_cursor"


async def test_files_are_taken_each_on_its_own(client, collection, acme):
    files = [
        ("files", ("pumps.md", PUMPS)),
        ("files", ("guide.docx", docx("# Guide", "Oil the shaft."))),
        ("files", ("photo.png", b"\x89PNG\r\n\x1a\n\0")),
    ]
    uploaded = await client.post(collection + "files/", files=files, data={"metadata": '{"year": 2024}'})
    assert uploaded.status_code == 201, uploaded.text
    [refused] = uploaded.json()["refused"]
    assert (refused["name"], refused["code"]) == ("photo.png", "unsupported_type")
    assert [(each["source"], each["status"]) for each in uploaded.json()["documents"]] == [
        ("pumps.md", "queued"),
        ("guide.docx", "queued"),
    ]
    await ingest_all(acme)
    ready = (await client.get("/api/documents/", params={"status": "ready", "metadata": '{"year": 2024}'})).json()
    assert {(each["title"], each["origin"], each["indexed_version"]) for each in ready} == {
        ("Pumps", "upload", 1),
        ("Guide", "upload", 1),
    }
    for query in ({"status": "failed"}, {"metadata": '{"year": 1}'}, {"text": "nowhere"}):
        assert (await client.get("/api/documents/", params=query)).json() == []
    assert len((await client.get("/api/documents/", params={"text": "pump"})).json()) == 1
    assert (await client.get("/api/documents/", params={"text": "ump"})).json() == []  # by how words begin


async def test_a_document_is_watched_replaced_and_handed_out(client, collection, acme):
    added = (await client.post(collection + "documents/", json={"text": PUMPS.decode(), "source": "pumps.md"})).json()
    path = f"/api/documents/{added['id']}/"
    assert (await client.get(path + "chunks/")).json() == []
    await ingest_all(acme)
    [chunk] = (await client.get(path + "chunks/")).json()
    assert (chunk["text"], chunk["start_offset"], chunk["heading"]) == ("A pump moves water.", 9, "Pumps")
    replaced = await client.post(path + "versions/", files={"file": ("new.md", b"# Kettles\n\nThey boil.")})
    assert (replaced.status_code, replaced.json()["version"], replaced.json()["indexed_version"]) == (201, 2, 1)
    assert (await client.get(path + "chunks/")).json() == [chunk]
    cancelled = await client.post(path + "cancel/")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert (await client.post(path + "cancel/")).json()["code"] == "not_under_way"
    assert (await client.post(path + "reprocess/")).status_code == 202
    changed = await client.patch(path, json={"title": "All about kettles", "metadata": {"year": 1}})
    assert (changed.status_code, changed.json()["metadata"]) == (200, {"year": 1})
    await ingest_all(acme)
    assert (await client.get(path)).json()["title"] == "All about kettles"
    original = await client.get(path + "original/")
    assert original.content == b"# Kettles\n\nThey boil."
    assert original.headers["content-disposition"] == 'attachment; filename="new.md"'
    assert original.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in original.headers["content-security-policy"]


async def test_several_are_deleted_and_taken_in_anew_at_once(client, collection, acme):
    ids = [
        (await client.post(collection + "documents/", json={"text": f"Water {number}."})).json()["id"]
        for number in range(3)
    ]
    unknown = str(uuid.uuid4())
    again = (await client.post("/api/documents/reprocess/", json={"ids": [*ids, unknown]})).json()
    assert (again["done"], [(each["id"], each["code"]) for each in again["refused"]]) == (3, [(unknown, "not_found")])
    deleted = (await client.post("/api/documents/delete/", json={"ids": ids[:2]})).json()
    assert deleted == {"done": 2, "refused": []}
    assert [each["id"] for each in (await client.get("/api/documents/")).json()] == ids[2:]
    assert (await client.delete(f"/api/documents/{ids[2]}/")).status_code == 204


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_input"),
        ({"text": "a", "url": "https://example.com"}, 422, "invalid_input"),
        ({"url": "http://127.0.0.1/"}, 422, "address_refused"),
        ({"url": "http://169.254.169.254/latest/"}, 422, "address_refused"),
        ({"url": "file:///etc/passwd"}, 422, "url_invalid"),
        ({"text": "a", "metadata": {"a": "\0"}}, 422, "invalid_input"),
        ({"text": "a", "metadata": {"a": "x" * 17_000}}, 422, "invalid_input"),
        ({"text": "a", "source": "x" * 1001}, 422, "invalid_input"),
    ],
)
async def test_a_document_that_cannot_be_is_refused(client, collection, acme, body, status, code):
    refused = await client.post(collection + "documents/", json=body)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert await acme.run(lambda: Document.objects.count()) == 0


async def test_who_may_only_read_is_refused_and_an_outsider_finds_nothing(server, client, collection, acme, globex):
    made = (await client.post(collection + "documents/", json={"text": "Water.", "source": "a.md"})).json()
    path = f"/api/documents/{made['id']}/"
    reading_only = await key_of(acme, acme.owner, scopes=["documents:read"])
    callers = {
        "member": (server.signed_in(acme), 403, "not_allowed"),
        "key": (server.client(acme.host, **reading_only), 403, "scope_missing"),
        "outsider": (server.client(globex.host, **await key_of(globex, globex.owner)), 404, "not_found"),
    }
    requests = [
        ("PATCH", collection, {"json": {"name": "x"}}),
        ("DELETE", collection, {}),
        ("POST", collection + "documents/", {"json": {"text": "x"}}),
        ("POST", collection + "files/", {"files": {"files": ("a.md", b"x")}}),
        ("PATCH", path, {"json": {"metadata": {}}}),
        ("DELETE", path, {}),
        ("POST", path + "versions/", {"files": {"file": ("a.md", b"x")}}),
        ("POST", path + "reprocess/", {}),
        ("POST", path + "cancel/", {}),
    ]
    told = {
        (who, method, address.split("/", 4)[-1]): (answer.status_code, answer.json()["code"])
        for who, (caller, *_) in callers.items()
        for method, address, sent in requests
        for answer in [await caller.request(method, address, **sent)]
    }
    expected = {who: (status, code) for who, (_, status, code) in callers.items()}
    assert {key: value for key, value in told.items() if value != expected[key[0]]} == {}
    for address in (collection, path, path + "chunks/", path + "original/"):
        assert (await callers["outsider"][0].get(address)).status_code == 404
        assert (await callers["member"][0].get(address)).status_code == 200
    bulk = (await callers["outsider"][0].post("/api/documents/delete/", json={"ids": [made["id"]]})).json()
    assert bulk["done"] == 0
    assert await acme.run(lambda: Document.objects.count()) == 1


async def test_two_tenants_with_the_same_documents_touch_their_own_only(server, client, collection, acme, globex):
    theirs = server.client(globex.host, **await key_of(globex, globex.owner))
    made = (await theirs.post("/api/collections/", json={"name": "Handbook"})).json()
    for caller, address in ((client, collection), (theirs, f"/api/collections/{made['id']}/")):
        await caller.post(address + "files/", files={"files": ("pumps.md", PUMPS)})
    for tenant in (acme, globex):
        await ingest_all(tenant)
    await client.delete(collection)
    await acme.run(clear_away)
    assert await acme.run(lambda: Chunk.objects.count()) == 0
    assert await globex.run(lambda: list(Chunk.objects.values_list("text", flat=True))) == ["A pump moves water."]
    [document] = (await theirs.get("/api/documents/")).json()
    assert (document["status"], document["chunk_count"]) == ("ready", 1)
