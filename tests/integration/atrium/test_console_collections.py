"""Collections in the console: what is in them, how they are split, who reads them, and how they go."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from rag.admin import CollectionAdmin
from rag.models import Collection, Document, Embedding
from rag.use_cases.change_embedding_model import reembed_collection
from rag.use_cases.create_collection import create_collection
from rag.use_cases.remove_collection import remove_collection
from tenants.models import AccessRule, AuditEntry
from tests.documents import add_ready_document
from tests.sessions import session_of

SPLIT = {"chunk_tokens": "220", "overlap_tokens": "40"}


@pytest.fixture
async def owners(console, acme):
    return await console(acme.host, "owner")


@pytest.fixture
async def pages(acme, in_acme) -> Collection:
    """A collection with two documents, one of which failed."""
    await in_acme(add_ready_document, acme, "# Anvils\n\nHeavy.", source="anvils.md")
    failed = await in_acme(add_ready_document, acme, "# Pumps\n\nWet.", source="pumps.md")
    await in_acme(Document.objects.filter(pk=failed).update, status="failed", error="Why.")
    return await in_acme(Collection.objects.get)


def figures_in(page: str) -> dict[str, str]:
    return dict(re.findall(r'data-figure="(\w+)"[^>]*>(\d+)<', page))


async def test_a_collections_page_has_its_figures_its_model_and_its_readers(owners, acme, pages, in_acme):
    facts = {"effect": "deny", "action": "collection.read", "resource": str(pages.pk)}
    await in_acme(lambda: AccessRule.objects.create(audience="member", member=acme.member, **facts))
    page = (await owners.open(f"rag/collection/{pages.pk}/change/")).text
    assert figures_in(page) == {"documents": "2", "ready": "1", "failed": "1", "passages": "2"}
    assert "vectors of 256 numbers" in page
    assert "Member member may not read the collection Pages" in page
    assert "until they are taken in anew" in " ".join(page.split())
    link = re.search(r'href="([^"]*accessrule/add/\?[^"]+)"', page)
    assert link is not None
    form = await owners.client.get(link[1].replace("&amp;", "&"))
    assert f'value="{pages.pk}" selected' in form.text


async def test_splitting_is_changed_and_all_documents_are_taken_in_anew(owners, pages, in_acme):
    page = f"rag/collection/{pages.pk}/change/"
    bad = await owners.send(page, name="Pages", description="", chunk_tokens="100", overlap_tokens="90")
    assert "Passages overlap by half" in bad.text
    answer = await owners.send(page, name="Leaves", description="Of trees", chunk_tokens="100", overlap_tokens="10")
    assert answer.status_code == 302
    changed = await in_acme(Collection.objects.get)
    assert (changed.name, changed.chunk_tokens, changed.overlap_tokens) == ("Leaves", 100, 10)
    assert "stay as they were split" in (await owners.open(page)).text
    token = {"csrfmiddlewaretoken": owners.client.cookies["csrftoken"]}
    reprocess = f"/admin/rag/collection/{pages.pk}/reprocess/"
    assert (await owners.client.post(reprocess, data=token)).status_code == 302
    assert set(await in_acme(lambda: list(Document.objects.values_list("status", flat=True)))) == {"queued"}
    progress = (await owners.open(f"rag/collection/{pages.pk}/progress/")).json()
    assert (progress["under_way"], progress["by_status"]["queued"], progress["reembedding"]) == (2, 2, None)
    actions = await in_acme(lambda: set(AuditEntry.objects.values_list("action", flat=True)))
    assert {"collection.changed", "collection.reprocessed"} <= actions
    assert (await owners.client.get(reprocess)).status_code == 405


async def test_another_embedding_model_is_told_of_begun_and_broken_off(owners, acme, pages, in_acme, settings):
    address = f"rag/collection/{pages.pk}/embedding-model/"
    assert "There is no other model to choose" in (await owners.open(address)).text
    settings.ATRIUM_OPENAI_API_KEY, settings.ATRIUM_EMBEDDING_MODEL = "a key", "other-model"
    page = (await owners.open(address)).text
    assert "Embed 2 passages anew" in page
    assert "Tokens, estimated" in page
    assert "Select a valid choice" in (await owners.send(address, model="nothing")).text
    assert (await owners.send(address, model="other-model")).status_code == 302
    page = (await owners.open(address)).text
    assert "0 of 2" in page
    assert (await owners.open(f"rag/collection/{pages.pk}/progress/")).json()["reembedding"] == {"done": 0, "chunks": 2}
    settings.ATRIUM_OPENAI_API_KEY = ""
    assert "It waits: The embedding model other-model is not set up" in (await owners.open(address)).text
    assert (await owners.send(address, break_off="1")).status_code == 302
    await in_acme(reembed_collection, pages.pk)
    kept = await in_acme(Collection.objects.get)
    assert (kept.embedding_model, kept.next_embedding_model) == ("wordllama-256", "")
    assert set(await in_acme(lambda: list(Embedding.objects.values_list("model", flat=True)))) == {"wordllama-256"}


async def test_a_collection_that_goes_while_its_page_is_made_is_not_there(owners, pages, in_acme, monkeypatch):
    def somebody_deletes_it(*args: object) -> bool:
        Collection.objects.filter(pk=pages.pk).update(deleted_at=timezone.now())
        return True

    monkeypatch.setattr(CollectionAdmin, "has_delete_permission", somebody_deletes_it)
    address = f"/admin/rag/collection/{pages.pk}/delete/"
    token = {"csrfmiddlewaretoken": owners.client.cookies["csrftoken"], "name": "Pages"}
    assert (await owners.client.get(address)).status_code == 404
    await in_acme(Collection.with_deleted.update, deleted_at=None)
    assert (await owners.client.post(address, data=token)).status_code == 404


async def test_a_collection_is_deleted_by_who_writes_its_name(owners, acme, pages, in_acme):
    facts = {"effect": "deny", "action": "collection.read", "resource": str(pages.pk)}
    await in_acme(lambda: AccessRule.objects.create(audience="member", member=acme.member, **facts))
    address = f"rag/collection/{pages.pk}/delete/"
    page = (await owners.open(address)).text
    assert "2 documents" in page
    assert "1 access rule names it and stays" in page
    assert "This is not its name" in (await owners.send(address, name="pages")).text
    assert await in_acme(Document.objects.count) == 2
    assert (await owners.send(address, name=" Pages ")).status_code == 302
    assert not await in_acme(Collection.objects.exists)
    while not await in_acme(remove_collection, pages.pk):
        """As the job does that this has queued."""
    for model in (Document, Embedding):
        assert not await in_acme(model.objects.exists)
    assert "Pages" in (await owners.open("rag/collection/")).text  # it is deleted, says the message


async def test_a_collection_is_taken_in_anew_through_the_api(server, acme, pages):
    address = f"/api/collections/{pages.pk}/reprocess/"
    refused = await server.signed_in(acme).post(address)  # a member's key
    assert refused.status_code == 403
    owners = server.client(acme.host, **await session_of(acme, acme.owner))
    answer = await owners.post(address)
    assert (answer.status_code, answer.json()) == (202, {"documents": 2})


async def test_a_new_collection_is_split_as_it_was_told(owners, in_acme):
    fields = {"name": "Notes", "description": "", "language": "german", "embedding_model": "wordllama-256", **SPLIT}
    bad = await owners.send("rag/collection/add/", **{**fields, "chunk_tokens": "10"})
    assert "A passage has 50 to 2,000 tokens" in bad.text
    assert (await owners.send("rag/collection/add/", **fields)).status_code == 302
    assert (await in_acme(Collection.objects.get, name="Notes")).chunk_tokens == 220


async def test_editors_look_after_collections_and_see_no_rules(console, acme, staff, pages):
    page = (await (await console(acme.host, "editor")).open(f"rag/collection/{pages.pk}/change/")).text
    assert 'data-testid="figures"' in page
    assert 'data-testid="readers"' not in page


async def test_another_tenants_collection_is_not_there(console, globex, pages):
    strangers = await console(globex.host, "owner")
    token = {"csrfmiddlewaretoken": strangers.client.cookies["csrftoken"]}
    for page in ("change", "delete", "reprocess", "progress", "embedding-model"):
        address = f"rag/collection/{pages.pk}/{page}/"
        assert (await strangers.open(address)).status_code == 404, page
        assert (await strangers.client.post(f"/admin/{address}", data=token)).status_code == 404, page


async def test_all_documents_are_cancelled_at_once_however_many(acme, in_acme):
    from rag.use_cases.documents import cancel_all
    from rag.use_cases.reprocess import reprocess_all

    def many() -> tuple[int, int, int]:
        actor = acme.actor(acme.owner)
        collection = create_collection(actor, "Many")
        facts = {"collection": collection, "size": 1, "media_type": "text/plain", "status": "ready"}
        Document.objects.bulk_create([Document(title=f"d{n}", **facts) for n in range(1500)])
        asked = reprocess_all(actor, Document.objects.all())
        return asked, cancel_all(actor, Document.objects.all()), cancel_all(actor, Document.objects.all())

    assert await in_acme(many) == (1500, 1500, 0)
