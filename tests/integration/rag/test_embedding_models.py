"""Vectors are paid for once; a collection changes its model without a moment in which it does not answer."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import connection

from rag.exceptions import EmbeddingRefused, EmbeddingUnavailable
from rag.ingest import known_vectors, vector_index
from rag.ingest.embed import OFFLINE_MODEL
from rag.ingest.vector_index import build_index, index_name, needs_index
from rag.models import Collection, Embedding, StagedVector
from rag.search.ranking import rank_by_meaning
from rag.tasks import reembed_collection as job
from rag.use_cases import change_embedding_model as changing
from rag.use_cases.add_document import add_document
from rag.use_cases.change_embedding_model import change_embedding_model, reembed_collection, reembedding_progress
from rag.use_cases.ingest_document import ingest_document
from rag.use_cases.search import search
from tenants.context import owner_rights, tenant_context
from tenants.errors import NotAllowed
from tests.integration.rag.conftest import make_library
from tests.integration.rag.test_documents_api import key_of

DIMENSION = 8


class Model(BaseHTTPRequestHandler):
    """An OpenAI-compatible server whose vectors are hashes, that counts what it is asked and can refuse."""

    asked: list[str] = []
    answers: int = 10**9  # requests that are answered before the others are refused

    def do_POST(self) -> None:
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        type(self).answers -= 1
        refused = self.answers < 0
        type(self).asked += [] if refused else texts
        data = [{"object": "embedding", "index": at, "embedding": vector_of(text)} for at, text in enumerate(texts)]
        body = {"error": {"message": "no"}} if refused else {"object": "list", "data": data, "model": "m", "usage": {}}
        self.send_response(401 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def vector_of(text: str) -> list[float]:
    return [byte / 255 - 0.5 for byte in hashlib.sha256(text.encode()).digest()[:DIMENSION]]


@pytest.fixture
def model(settings) -> Iterator[type[Model]]:
    Model.asked, Model.answers = [], 10**9
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    settings.ATRIUM_OPENAI_API_KEY, settings.ATRIUM_EMBEDDING_MODEL = "sk-test", "m"
    settings.ATRIUM_EMBEDDING_DIMENSION = DIMENSION
    settings.ATRIUM_OPENAI_BASE_URL = f"http://127.0.0.1:{server.server_port}/v1"
    yield Model
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def in_pairs(monkeypatch):
    """Requests of two texts."""
    monkeypatch.setattr(known_vectors, "BATCH", 2)
    monkeypatch.setattr(changing, "_AT_ONCE", 2)


def pages(*changed: int) -> str:
    """A document of six sections, some of them changed."""
    return "\n\n".join(f"# Part {n}\n\nSection {n} says {'more' if n in changed else 'this'}." for n in range(6))


def test_a_chunk_that_did_not_change_is_not_paid_for_again(acme, globex, model):
    for tenant in (acme, globex):
        with tenant_context(tenant.ref):
            library = make_library(tenant)
            library.add(pages(), "a.md", title="T")
            library.add(pages(2, 4), "a.md", title="T")
            library.add(pages(), "copy.md", title="T")
            assert Embedding.objects.filter(model="m", dimension=DIMENSION).count() == 12
            assert not StagedVector.objects.exists()
        once = [text for text in model.asked if "Section 0" in text]
        assert len(model.asked) == (6 + 2 + 2) * (1 if tenant is acme else 2)  # each tenant pays for itself
    assert len(once) == 2


def test_a_load_that_is_refused_in_the_middle_goes_on_where_it_was(library, model, in_pairs):
    Collection.objects.update(embedding_model="m")
    model.answers = 2
    document = library.add(pages(), "a.md")
    assert (document.status, document.error_code) == ("failed", "embedding_refused")
    assert "sk-test" not in document.error
    assert len(model.asked) == StagedVector.objects.count() == 4
    model.answers = 10**9
    ingest_document(document.pk)
    document.refresh_from_db()
    assert (document.status, document.chunk_count) == ("ready", 6)
    assert len(model.asked) == 6
    assert not StagedVector.objects.exists()


def test_a_model_that_is_away_is_asked_again_and_one_that_refuses_is_not():
    asked = []

    def ask(error):
        asked.append(error)
        raise error

    for error, times in ((EmbeddingUnavailable, 3), (EmbeddingRefused, 1)):
        asked.clear()
        with pytest.raises(error):
            known_vectors.with_patience(lambda error=error: ask(error()), waits=(0, 0))
        assert len(asked) == times


def test_a_change_of_model_answers_by_the_old_one_until_all_is_there(library, model, in_pairs):
    document = library.add(pages(), "a.md", title="T")
    question = "what does section 3 say"

    def vector_ranks() -> list[int | None]:
        return [hit.vector_rank for hit in search(library.reader, question, limit=6)]

    before = vector_ranks()
    assert any(before)
    change_embedding_model(library.editor, library.collection.pk, "m")
    model.answers = 2
    with pytest.raises(EmbeddingRefused):
        reembed_collection(library.collection.pk)
    collection = Collection.objects.get()
    progress = reembedding_progress(collection)
    assert (progress.model, progress.done, progress.chunks) == ("m", 4, 6)
    assert collection.embedding_model == "wordllama-256"
    model.answers = 10**9
    assert vector_ranks() == before
    library.add("# Late\n\nThis came meanwhile.", "late.md")
    reembed_collection(library.collection.pk)
    collection.refresh_from_db()
    assert (collection.embedding_model, collection.next_embedding_model) == ("m", "")
    assert reembedding_progress(collection) is None
    assert set(Embedding.objects.values_list("model", flat=True)) == {"m"}
    assert Embedding.objects.count() == 7
    assert len([text for text in model.asked if "Section" in text]) == 6
    assert Embedding.objects.filter(document=document).count() == 6
    reembed_collection(library.collection.pk)  # a job that comes twice
    assert Embedding.objects.count() == 7


def test_a_job_that_clears_up_leaves_the_vectors_of_a_later_change(library, model, monkeypatch):
    library.add(pages(), "a.md")
    change_embedding_model(library.editor, library.collection.pk, "m")
    remove = changing._remove_old

    def changed_once_more(facts):
        monkeypatch.setattr(changing, "_remove_old", remove)
        change_embedding_model(library.editor, library.collection.pk, OFFLINE_MODEL)
        reembed_collection(library.collection.pk)
        remove(facts)

    monkeypatch.setattr(changing, "_remove_old", changed_once_more)
    reembed_collection(library.collection.pk)
    library.collection.refresh_from_db()
    assert library.collection.embedding_model == OFFLINE_MODEL
    assert list(Embedding.objects.values_list("model", flat=True)) == [OFFLINE_MODEL] * 6


def test_a_document_that_was_embedded_by_the_model_before_is_embedded_anew(library, model, monkeypatch):
    queued = []
    monkeypatch.setattr(job, "defer", lambda **facts: queued.append(facts))
    late = add_document(library.editor, library.collection.pk, "# Late\n\nText.", source="late.md")
    embed = known_vectors.embed_chunks

    def switched_meanwhile(embedder, texts):
        Collection.objects.update(embedding_model="m")
        return embed(embedder, texts)

    monkeypatch.setattr("rag.use_cases.ingest_document.embed_chunks", switched_meanwhile)
    ingest_document(late.pk)
    assert queued == [{"collection_id": str(library.collection.pk)}]
    reembed_collection(library.collection.pk)
    assert list(Embedding.objects.values_list("model", flat=True)) == ["m"]


def test_only_who_may_write_changes_the_model(library, model):
    with pytest.raises(NotAllowed):
        change_embedding_model(library.reader, library.collection.pk, "m")
    with pytest.raises(EmbeddingUnavailable):
        change_embedding_model(library.editor, library.collection.pk, "gone")
    assert change_embedding_model(library.editor, library.collection.pk, "m").next_embedding_model == "m"
    assert change_embedding_model(library.editor, library.collection.pk, "wordllama-256").next_embedding_model == ""


@pytest.fixture
def without_the_index():
    """Tables are kept between tests: what a test has made of them goes."""
    yield
    with owner_rights(), connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {index_name('m', DIMENSION)}")


def test_an_index_is_made_when_a_models_vectors_become_many(library, model, monkeypatch, without_the_index):
    Collection.objects.update(embedding_model="m")
    library.add(pages(), "a.md")
    assert not needs_index("m", DIMENSION)
    monkeypatch.setattr(vector_index, "FEW", 6)
    assert needs_index("m", DIMENSION)
    assert not needs_index("m", 5000)
    assert build_index("m", DIMENSION)
    assert not needs_index("m", DIMENSION)
    assert not build_index("m", DIMENSION)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [index_name("m", DIMENSION)])
        (definition,) = cursor.fetchone()
    assert "halfvec(8)" in definition
    assert "dimension = 8" in definition
    import numpy as np

    assert len(rank_by_meaning(np.ones(DIMENSION, np.float32), "m", [library.collection.pk], 10)) == 6


async def test_the_model_is_changed_over_the_api(server, acme, globex, model):
    made = await acme.run(lambda: make_library(acme))
    address = f"/api/collections/{made.collection.pk}/embedding-model/"
    owner, member = server.client(acme.host, **await key_of(acme, acme.owner)), server.signed_in(acme)
    outsider = server.client(globex.host, **await key_of(globex, globex.owner))
    before = (await member.get(address)).json()
    assert (before["next_model"], before["done"]) == ("", 0)
    assert (await member.put(address, json={"model": "m"})).status_code == 403
    assert (await owner.put(address, json={"model": " "})).status_code == 422
    assert (await outsider.put(address, json={"model": "m"})).status_code == 404
    changed = await owner.put(address, json={"model": OFFLINE_MODEL})
    assert (changed.status_code, changed.json()) == (202, {**before, "next_model": OFFLINE_MODEL})
    ended = await owner.put(address, json={"model": before["model"]})
    assert ended.json() == before
