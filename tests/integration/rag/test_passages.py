"""What is handed out: whole passages, each once, with the question's words marked; reranked where that is set."""

from __future__ import annotations

import pytest

from rag.exceptions import RerankerUnavailable
from rag.models import Chunk, Document
from rag.search import rerank
from rag.search.hybrid import Options
from rag.search.passages import begun_before
from rag.use_cases.search import asearch, search
from tenants.context import tenant_context
from tenants.database import in_database
from tests.integration.rag.conftest import make_library

ESSAY = "# Valves\n\n" + " ".join(f"Valve number {n} is opened by wheel {n * 7} on floor {n % 9}." for n in range(90))


def test_neighbours_become_one_passage_of_the_document(library):
    document = library.add(ESSAY, "valves.md")
    assert document.chunk_count > 3
    (first, *_) = search(library.reader, "valve wheel floor", limit=3)
    assert 1 < len(first.chunk_ids) <= 4
    assert first.text == document.text[first.start_offset : first.end_offset]
    assert first.chunk_id in first.chunk_ids
    assert not document.text[first.start_offset - 1].isalnum()
    ordinals = list(Chunk.objects.filter(pk__in=first.chunk_ids).order_by("ordinal").values_list("ordinal", flat=True))
    assert ordinals == list(range(ordinals[0], ordinals[0] + len(ordinals)))
    apart = search(library.reader, "valve wheel floor", options=Options(limit=3, join=False))
    assert [len(hit.chunk_ids) for hit in apart] == [1, 1, 1]


def test_chunks_that_are_no_slices_of_the_text_stay_apart(library):
    document = library.add(ESSAY, "valves.md")
    Document.objects.filter(pk=document.pk).update(text="something else")
    hits = search(library.reader, "valve wheel floor", limit=3)
    assert len(hits) == 3
    assert {len(hit.chunk_ids) for hit in hits} == {1}


@pytest.mark.parametrize(
    ("before", "text", "missing"),
    [
        ("", "Begins", ""),
        ("a whole ", "word", ""),
        ("line\n", "next", ""),
        ("half a wo", "rd and more", "wo"),
        ("| a | b |\n| one ", "| two |\n| three | four |", "| one "),
        ("a\tb\nc\td", "\te\nf\tg", "c\td"),
        ("x = (", "1 | 2)", ""),
        ("no end of it" + "x" * 50, "yz", "it" + "x" * 50),
    ],
)
def test_a_passage_begins_with_a_whole_word_or_row(before, text, missing):
    assert begun_before(before, text) == missing


def test_what_says_the_same_is_handed_out_once(library):
    library.add("# A\n\nA gasket costs 10 euros, and is ordered by telephone from the depot.", "a.md")
    library.add("# B\n\nA gasket costs 10 euros, and is ordered by telephone from the depot!", "b.md")
    library.add("# C\n\nA gasket costs 12 euros, and is ordered by telephone from the depot.", "c.md")
    titles = library.found("what costs a gasket")
    assert len(titles) == 2
    assert "C" in titles


def test_the_questions_words_are_marked_by_their_stems(library):
    library.add("# Pumps\n\nPumps <b>pumping</b> AX-4711: a pump's & seal, päckchen 😀 pump", "a.md")
    (hit,) = search(library.reader, "the PUMP ax-4711", options=Options(marks=True))
    assert [hit.text[start:end] for start, end in hit.marks] == ["Pumps", "pumping", "AX", "4711", "pump", "pump"]
    (hit,) = search(library.reader, "seal or nothing", options=Options(marks=True))
    assert [hit.text[start:end] for start, end in hit.marks] == ["seal"]
    assert search(library.reader, "pump")[0].marks == ()


def test_below_the_threshold_nothing_is_returned(library):
    library.add("# Repair\n\nReplace the gasket when the pump leaks.", "repair.md")
    best = search(library.reader, "gasket pump")[0].score
    assert search(library.reader, "gasket pump", options=Options(min_score=best))
    assert search(library.reader, "gasket pump", options=Options(min_score=best * 1.01)) == []


class Backwards:
    """A reranker that likes long texts; what it read is kept."""

    read: list[tuple[str, int]] = []

    def rerank(self, query, texts):
        Backwards.read.append((query, len(texts)))
        if query == "gasket nobody answers":
            raise RerankerUnavailable
        return [len(text) for text in texts]


@pytest.fixture
def reranker(settings):
    settings.ATRIUM_RERANKER = f"{__name__}.Backwards"
    rerank._made.cache_clear()
    Backwards.read = []
    yield Backwards
    rerank._made.cache_clear()


@pytest.fixture
def import_this_module(monkeypatch):
    """Test modules are not importable by name: the setting's path leads here."""
    monkeypatch.setattr(rerank, "import_string", lambda path: Backwards)


def test_a_reranker_orders_the_best_chunks_anew(library, reranker, import_this_module):
    library.add("# Short\n\nGasket of the pump.", "short.md")
    library.add("# Long\n\nSomewhere in this long text about many other things stands a gasket.", "long.md")
    hits = search(library.reader, "gasket of the pump")
    assert [hit.title for hit in hits] == ["Long", "Short"]
    assert hits[0].rerank_score == len(hits[0].text)
    assert hits[0].lexical_rank == 2
    assert reranker.read == [("gasket of the pump", 2)]
    assert [hit.title for hit in search(library.reader, "gasket nobody answers")] == ["Short", "Long"]


async def test_a_reranker_works_on_the_event_loop(acme, reranker, import_this_module):
    with tenant_context(acme.ref):
        library = await in_database(make_library, acme)
        await in_database(library.add, "# Short\n\nGasket of the pump.", "short.md")
        await in_database(library.add, "# Long\n\nIn a long text about many things stands a gasket.", "long.md")
        assert [hit.title for hit in await asearch(library.reader, "gasket of the pump")] == ["Long", "Short"]


def test_what_is_no_reranker_is_told_at_once(settings):
    settings.ATRIUM_RERANKER = "builtins.dict"
    with pytest.raises(TypeError, match="no method rerank"):
        rerank.get_reranker()
