"""A member searches and opens what was found; nobody finds what is not theirs."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from rag.models import Chunk
from rag.retriever import TenantRetriever
from rag.search import query_vectors
from rag.use_cases.get_passage import get_passage
from rag.use_cases.search import Options, asearch, search
from tenants.actors import Actor
from tenants.context import tenant_context
from tenants.database import in_database
from tenants.errors import NotFound
from tests.integration.rag.conftest import make_library

GASKET = "# Repair\n\nReplace the gasket when the pump leaks."
BREAD = "# Bread\n\nKnead the dough, let the loaf rise, bake it in the oven."


@pytest.fixture
def shelf(library):
    library.add(GASKET, "repair.md")
    library.add(BREAD, "bread.md")
    return library


def test_a_hit_says_where_it_stands_and_why_it_was_found(shelf):
    best = search(shelf.reader, "Which gasket does the pump need?")[0]
    assert (best.title, best.heading, best.text) == (
        "Repair",
        "Repair",
        "Replace the gasket when the pump leaks.",
    )
    assert (best.lexical_rank, best.vector_rank) == (1, 1)
    assert best.score == pytest.approx(2 / 61)


def test_meaning_finds_where_no_word_is_the_same(shelf):
    best = search(shelf.reader, "baking recipes with yeast and flour")[0]
    assert best.title == "Bread"


def test_words_of_titles_and_headings_count(shelf):
    shelf.add("# Valves\n\n## Ordering\n\nCall us.", "valves.md")
    assert shelf.found("ordering valves")[0] == "Valves"


@pytest.mark.parametrize("query", ["zzyzx qwertyuiop", "the of and", "???", "   ", "\x00"])
def test_a_question_far_from_everything_finds_nothing(shelf, query):
    assert search(shelf.reader, query) == []


def test_a_search_gives_as_many_hits_as_asked(shelf):
    assert len(search(shelf.reader, "gasket dough pump oven", limit=1)) == 1


def test_an_endless_question_is_cut_not_refused(shelf):
    assert search(shelf.reader, "gasket " * 5000)[0].title == "Repair"


def test_a_search_stays_in_the_collections_it_is_given(shelf):
    other = make_library(shelf.tenant, "Other")
    other.add("# Copy\n\nA gasket may be ordered by telephone.", "copy.md")
    assert shelf.found("gasket") == ["Repair"]
    assert other.found("gasket") == ["Copy"]
    assert len(search(shelf.reader, "gasket")) == 2


def test_an_unknown_collection_is_not_found(shelf):
    with pytest.raises(NotFound):
        search(shelf.reader, "gasket", [shelf.collection.pk, uuid.uuid4()])


def test_a_visitor_finds_nothing_by_itself(shelf):
    visitor = Actor(kind="visitor", tenant=shelf.tenant.ref)
    assert search(visitor, "gasket") == []
    with pytest.raises(NotFound):
        get_passage(visitor, Chunk.objects.first().pk)


def test_a_model_that_does_not_answer_leaves_the_words(shelf, monkeypatch):
    def unreachable(model):
        raise query_vectors.EmbeddingUnavailable("no")

    monkeypatch.setattr(query_vectors, "get_embedder", unreachable)
    best = search(shelf.reader, "gasket")[0]
    assert (best.title, best.lexical_rank, best.vector_rank) == ("Repair", 1, None)
    with pytest.raises(query_vectors.EmbeddingUnavailable):
        search(shelf.reader, "gasket", options=Options(mode="meaning"))


def test_a_passage_opens_between_its_neighbours_without_repeating_itself(library):
    text = " ".join(f"Sentence {number} is about subject {number % 17}." for number in range(120))
    document = library.add(text, "essay.txt")
    middle = Chunk.objects.get(document=document, ordinal=1)
    passage = get_passage(library.reader, middle.pk)
    assert passage.text == middle.text
    assert f"{passage.before} {passage.text} {passage.after}" in text
    first = get_passage(library.reader, Chunk.objects.get(document=document, ordinal=0).pk)
    assert first.before == ""


def test_another_tenants_passage_is_not_found(shelf, globex):
    chunk_id = Chunk.objects.first().pk
    with tenant_context(globex.ref), pytest.raises(NotFound):
        get_passage(globex.actor(), chunk_id)


async def test_two_tenants_with_one_name_find_their_own_only(acme, globex):
    def fill(tenant):
        library = make_library(tenant)
        library.add(f"# {tenant.ref.schema_name}\n\nThe secret number is {tenant.ref.id}.", "secret.md")
        return library

    async def ask(tenant):
        with tenant_context(tenant.ref):
            return {hit.title for hit in await asearch(readers[tenant.ref], "secret number")}

    readers = {}
    for tenant in (acme, globex):
        with tenant_context(tenant.ref):
            readers[tenant.ref] = (await in_database(fill, tenant)).reader

    answers = await asyncio.gather(*(ask(tenant) for tenant in [acme, globex] * 10))
    assert answers == [{"acme"}, {"globex"}] * 10


def test_the_retriever_hands_passages_to_langchain(shelf):
    retriever = TenantRetriever(actor=shelf.reader, collection_ids=[shelf.collection.pk], limit=2)
    first = retriever.invoke("gasket of the pump")[0]
    chunk = Chunk.objects.get(document__source="repair.md")
    assert first.page_content == chunk.text
    assert first.metadata == {
        "document_id": str(chunk.document_id),
        "chunk_id": chunk.pk,
        "chunk_ids": [chunk.pk],
        "version": 1,
        "text_from": 0,
        "title": "Repair",
        "heading": "Repair",
        "page": None,
        "start": chunk.start_offset,
        "end": chunk.end_offset,
        "score": pytest.approx(2 / 61),
        "number": 1,
    }


async def test_the_retriever_works_on_the_event_loop(acme):
    with tenant_context(acme.ref):
        library = await in_database(make_library, acme)
        await in_database(library.add, GASKET, "repair.md")
        found = await TenantRetriever(actor=library.reader).ainvoke("gasket")
    assert [document.metadata["title"] for document in found] == ["Repair"]


def test_the_retriever_finds_nothing_for_a_blank_question(shelf):
    assert TenantRetriever(actor=shelf.reader).invoke("  ") == []
