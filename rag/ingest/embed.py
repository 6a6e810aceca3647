"""Texts to vectors: the port that ingestion and search use, and its two implementations.

Without a key the built-in WordLlama model works offline: 256 dimensions, English, a bag of words. With
``OPENAI_API_KEY`` and ``ATRIUM_EMBEDDING_MODEL`` any OpenAI-compatible server does it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from pydantic import SecretStr

from rag.exceptions import EmbeddingRefused, EmbeddingUnavailable
from tenants.credentials.clients import clients_of, forget_the_deployment
from tenants.credentials.errors import CredentialUnreadable
from tenants.credentials.in_force import Provider, providers
from tenants.errors import AtriumError

if TYPE_CHECKING:
    from langchain_openai import OpenAIEmbeddings
    from wordllama.inference import WordLlamaInference

Vectors = NDArray[np.float32]

OFFLINE_MODEL = "wordllama-256"
OFFLINE_DIMENSION = 256
_REQUEST_SECONDS = 30
_TEXTS_PER_REQUEST = 128
_TEXTS_AT_ONCE = 64  # whose tokens are held in memory
_REFUSALS = (400, 401, 403, 404, 413, 422)  # of HTTP: the same request will be refused again


@runtime_checkable
class Embedder(Protocol):
    """Makes vectors whose cosine says how near two texts are in meaning.

    Vectors have length 1; a text in which the model sees nothing gets zeros, which no search may be given.
    ``similarity_floor`` is the cosine below which this model's neighbours are chance.
    """

    model: str
    dimension: int
    similarity_floor: float

    def embed_documents(self, texts: list[str]) -> Vectors:
        """``(len(texts), dimension)``. Raises ``EmbeddingUnavailable`` when the model does not answer, and its subclass
        ``EmbeddingRefused`` when asking again will not help."""
        ...

    def embed_query(self, text: str) -> Vectors:
        """``(dimension,)``. Raises ``EmbeddingUnavailable`` when the model does not answer."""
        ...

    async def aembed_query(self, text: str) -> Vectors:
        """``embed_query`` without holding up the event loop."""
        ...


class WordLlamaEmbedder:
    """The offline model of the ``wordllama`` package, whose weights come inside its wheel."""

    model = OFFLINE_MODEL
    dimension = OFFLINE_DIMENSION
    similarity_floor = 0.3  # questions about other subjects stay below it on Cranfield, real ones above

    def embed_documents(self, texts: list[str]) -> Vectors:
        """Mean of the token vectors of each text, scaled to length 1.

        The package's own ``embed`` gives the same numbers, and takes three times as long: it fills all texts of a batch
        up to the longest one.
        """
        batches = range(0, len(texts), _TEXTS_AT_ONCE)
        rows = [row for begin in batches for row in _token_means(texts[begin : begin + _TEXTS_AT_ONCE])]
        return unit_rows(np.stack(rows)) if rows else np.zeros((0, self.dimension), dtype=np.float32)

    def embed_query(self, text: str) -> Vectors:
        """A query is embedded as a document is."""
        return self.embed_documents([text])[0]

    async def aembed_query(self, text: str) -> Vectors:
        """On a thread: the first call reads 16 MB of weights."""
        return await asyncio.to_thread(self.embed_query, text)


class OpenAIEmbedder:
    """An embedding model behind an OpenAI-compatible ``/embeddings`` endpoint."""

    similarity_floor = 0.2  # of OpenAI's third generation; older models are never this low: there, all passes

    def __init__(self, model: str, dimension: int, api_key: str, base_url: str = "", **more: Any) -> None:
        self.model = model
        self.dimension = dimension
        self._client = _openai_client(model, api_key, base_url, **more)

    def embed_documents(self, texts: list[str]) -> Vectors:
        """Blank texts are not sent, for servers refuse them; their rows are zeros."""
        spoken = [text for text in texts if text.strip()]
        with _errors_as_unavailable(self.model):
            answer = self._client.embed_documents(spoken) if spoken else []
        return self._rows(texts, answer)

    def embed_query(self, text: str) -> Vectors:
        """A query is embedded as a document is."""
        return self.embed_documents([text])[0]

    async def aembed_query(self, text: str) -> Vectors:
        """``embed_query`` on the event loop, without a thread."""
        spoken = [text] if text.strip() else []
        with _errors_as_unavailable(self.model):
            answer = await self._client.aembed_documents(spoken) if spoken else []
        return self._rows([text], answer)[0]

    def _rows(self, texts: list[str], answer: list[list[float]]) -> Vectors:
        """The server's vectors in the rows of the texts that it was sent."""
        wrong = next((len(vector) for vector in answer if len(vector) != self.dimension), None)
        if wrong is not None:
            raise EmbeddingUnavailable(
                f"The embedding model {self.model} makes vectors of {wrong} numbers, not of {self.dimension}."
                f" Set ATRIUM_EMBEDDING_DIMENSION={wrong}."
            )
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        vectors[[bool(text.strip()) for text in texts]] = np.asarray(answer).reshape(-1, self.dimension)
        return unit_rows(vectors)


def get_embedder(model: str = "") -> Embedder:
    """The embedder that makes ``model``'s vectors; without a name, the one that new collections get.

    The tenant's own provider goes before the deployment's. Raises ``EmbeddingUnavailable`` for a model that neither
    reaches (any more).
    """
    own = providers().embedding
    if own is not None and model in ("", own.embedding_model):
        return tenants_embedder(own)
    configured = settings.ATRIUM_EMBEDDING_MODEL if settings.ATRIUM_OPENAI_API_KEY else ""
    wanted = model or configured or OFFLINE_MODEL
    if wanted == OFFLINE_MODEL:
        return WordLlamaEmbedder()
    if wanted != configured:
        raise EmbeddingUnavailable(
            f"The embedding model {wanted} is not set up. Set OPENAI_API_KEY and ATRIUM_EMBEDDING_MODEL={wanted}."
        )
    return _openai_embedder(
        wanted,
        settings.ATRIUM_EMBEDDING_DIMENSION,
        settings.ATRIUM_OPENAI_API_KEY,
        settings.ATRIUM_OPENAI_BASE_URL,
    )


def reachable_models() -> list[str]:
    """The embedding models that the tenant's collections can have now; the first is what a new one gets."""
    own = providers().embedding
    configured = settings.ATRIUM_EMBEDDING_MODEL if settings.ATRIUM_OPENAI_API_KEY else ""
    return list(dict.fromkeys(filter(None, (own.embedding_model if own else "", configured, OFFLINE_MODEL))))


@lru_cache(maxsize=64)
def tenants_embedder(provider: Provider) -> OpenAIEmbedder:
    """The embedding model of a tenant's own provider, through clients of its own."""
    try:
        key = provider.key
    except CredentialUnreadable as error:
        raise EmbeddingUnavailable(error.detail) from error
    clients = clients_of(provider.identity)
    embedder = OpenAIEmbedder(
        provider.embedding_model,
        provider.embedding_dimension or 0,
        key,
        provider.base_url,
        http_client=clients.synchronous,
        http_async_client=clients.asynchronous,
        openai_proxy="",
    )
    sdk_clients = (embedder._client.client._client, embedder._client.async_client._client)
    forget_the_deployment(None, *sdk_clients)
    return embedder


def unit_rows(vectors: Vectors) -> Vectors:
    """Each row scaled to length 1. A row without a direction (zeros, NaN) becomes zeros."""
    vectors = np.nan_to_num(vectors, nan=0.0, posinf=0.0, neginf=0.0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _token_means(texts: list[str]) -> Iterator[Vectors]:
    """The mean of each text's token vectors; zeros for a text without tokens."""
    model = _wordllama()
    nothing = np.zeros(model.embedding.shape[1], dtype=np.float32)
    for encoding in model.tokenizer.encode_batch_fast(texts, add_special_tokens=False):
        tokens = encoding.ids
        yield model.embedding.take(tokens, axis=0, mode="clip").mean(axis=0) if tokens else nothing


@cache
def _wordllama() -> WordLlamaInference:
    """The weights, read once a process. Any other way of loading them goes to the network."""
    import wordllama

    model = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    model.tokenizer.no_padding()
    return model


@cache
def _openai_embedder(model: str, dimension: int, api_key: str, base_url: str) -> OpenAIEmbedder:
    return OpenAIEmbedder(model, dimension, api_key, base_url)


def _openai_client(model: str, api_key: str, base_url: str, **more: Any) -> OpenAIEmbeddings:
    from langchain_openai import OpenAIEmbeddings

    return OpenAIEmbeddings(
        model=model,
        api_key=SecretStr(api_key),
        base_url=base_url or None,
        check_embedding_ctx_length=False,  # the check downloads a tokeniser; chunks and queries are short
        chunk_size=_TEXTS_PER_REQUEST,
        timeout=_REQUEST_SECONDS,
        **more,
    )


@contextmanager
def _errors_as_unavailable(model: str) -> Iterator[None]:
    import openai

    try:
        yield
    except openai.OpenAIError as error:
        if isinstance(error.__cause__, AtriumError):  # the guard of a tenant's addresses
            raise EmbeddingUnavailable(error.__cause__.detail) from error
        kind = type(error).__name__
        if isinstance(error, openai.APIStatusError) and error.status_code in _REFUSALS:
            raise EmbeddingRefused(f"The embedding model {model} refuses the request ({kind}).") from error
        raise EmbeddingUnavailable(
            f"The embedding model {model} does not answer ({kind}). Try again in a moment."
        ) from error
