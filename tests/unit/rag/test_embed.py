"""Texts become vectors, offline without a key and through an OpenAI-compatible server with one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from rag.exceptions import EmbeddingUnavailable
from rag.ingest.embed import Embedder, OpenAIEmbedder, WordLlamaEmbedder, get_embedder, unit_rows


def test_the_offline_model_gives_unit_vectors_of_256_numbers():
    vectors = WordLlamaEmbedder().embed_documents(["A boundary layer.", "A cat on a mat."])
    assert vectors.shape == (2, 256)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_the_offline_model_finds_kindred_texts_nearer():
    embedder = WordLlamaEmbedder()
    query = embedder.embed_query("How do I bake bread?")
    near, far = embedder.embed_documents(["A recipe for a loaf with yeast and flour", "Quarterly tax return forms"])
    assert query @ near > query @ far


def test_a_text_in_which_the_model_sees_nothing_is_zeros():
    vectors = WordLlamaEmbedder().embed_documents(["", "word"])
    assert not vectors[0].any()
    assert vectors[1].any()


def test_no_texts_give_no_vectors():
    assert WordLlamaEmbedder().embed_documents([]).shape == (0, 256)


async def test_the_offline_model_does_the_same_for_async_code():
    embedder = WordLlamaEmbedder()
    assert (await embedder.aembed_query("a word") == embedder.embed_query("a word")).all()


def test_rows_without_a_direction_become_zeros():
    rows = unit_rows(np.array([[3, 4], [0, 0], [np.nan, 1]], dtype=np.float32))
    assert rows.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0], [0, 1]]


class EmbeddingsServer(BaseHTTPRequestHandler):
    """Answers like OpenAI's ``/embeddings``: the vector of a text is its length and its number of vowels."""

    status = 200
    asked: list[list[str]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked.append(body["input"])
        vectors = [[len(text), sum(text.count(vowel) for vowel in "aeiou")] for text in body["input"]]
        data = [{"object": "embedding", "index": at, "embedding": row} for at, row in enumerate(vectors)]
        answer = json.dumps({"object": "list", "data": data, "model": body["model"], "usage": {}})
        if self.status != 200:
            answer = json.dumps({"error": {"message": "no: sk-secret", "type": "x"}})
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def embeddings_url() -> Iterator[str]:
    EmbeddingsServer.status, EmbeddingsServer.asked = 200, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), EmbeddingsServer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_is_asked_for_unit_vectors_of_what_it_can_read(embeddings_url):
    vectors = OpenAIEmbedder("m", 2, "sk-test", embeddings_url).embed_documents(["baa", "  ", "bbbb"])
    assert EmbeddingsServer.asked == [["baa", "bbbb"]]
    assert vectors == pytest.approx(np.array([[3 / 13**0.5, 2 / 13**0.5], [0, 0], [1, 0]]))


async def test_a_server_does_the_same_for_async_code(embeddings_url):
    embedder = OpenAIEmbedder("m", 2, "sk-test", embeddings_url)
    assert await embedder.aembed_query("bbbb") == pytest.approx(np.array([1, 0]))
    assert not (await embedder.aembed_query(" ")).any()


def test_vectors_of_another_length_name_the_setting_to_change(embeddings_url):
    with pytest.raises(EmbeddingUnavailable, match="ATRIUM_EMBEDDING_DIMENSION=2"):
        OpenAIEmbedder("m", 1536, "sk-test", embeddings_url).embed_query("word")


def test_a_server_that_refuses_is_told_without_what_it_said(embeddings_url):
    EmbeddingsServer.status = 401
    with pytest.raises(EmbeddingUnavailable) as told:
        OpenAIEmbedder("m", 2, "sk-test", embeddings_url).embed_query("word")
    assert "m refuses the request" in told.value.detail
    assert "secret" not in told.value.detail


@pytest.mark.parametrize(
    ("key", "model", "expected"),
    [
        ("", "", "wordllama-256"),
        ("sk-test", "", "wordllama-256"),
        ("", "text-embedding-3-small", "wordllama-256"),
        ("sk-test", "text-embedding-3-small", "text-embedding-3-small"),
    ],
)
def test_a_key_and_a_model_together_choose_the_server(settings, key, model, expected):
    settings.ATRIUM_OPENAI_API_KEY, settings.ATRIUM_EMBEDDING_MODEL = key, model
    assert get_embedder().model == expected
    assert isinstance(get_embedder(), Embedder)


def test_a_collection_keeps_its_offline_model_when_a_server_is_set_up(settings):
    settings.ATRIUM_OPENAI_API_KEY, settings.ATRIUM_EMBEDDING_MODEL = "sk-test", "text-embedding-3-small"
    assert get_embedder("wordllama-256").model == "wordllama-256"


def test_a_model_that_is_not_set_up_says_what_to_set():
    with pytest.raises(EmbeddingUnavailable, match="ATRIUM_EMBEDDING_MODEL=gone"):
        get_embedder("gone")
