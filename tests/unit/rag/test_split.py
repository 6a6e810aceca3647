"""Documents are cut along their headings, then by length, and every chunk knows where it stands."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from rag.ingest.kinds import MARKDOWN
from rag.ingest.parse import parse
from rag.ingest.parsed import Heading, ParsedDocument
from rag.ingest.split import BYTES_PER_TOKEN, estimate_tokens, split

LONG = " ".join(f"Sentence number {number} says something of its own." for number in range(120))


def markdown(text: str) -> ParsedDocument:
    return parse(text.encode(), MARKDOWN)


def test_a_chunk_carries_the_path_of_its_headings():
    document = markdown("# A\n\nOne.\n\n## B\n\nTwo.\n\n### C\n\nThree.\n\n## D\n\nFour.")
    assert [(chunk.heading, chunk.text) for chunk in split(document)] == [
        ("A", "One."),
        ("A > B", "Two."),
        ("A > B > C", "Three."),
        ("A > D", "Four."),
    ]


def test_text_before_the_first_heading_has_no_path():
    assert [(chunk.heading, chunk.text) for chunk in split(markdown("Hello.\n\n# A\n\nOne."))] == [
        ("", "Hello."),
        ("A", "One."),
    ]


def test_a_heading_with_nothing_below_it_can_still_be_found():
    assert [(chunk.heading, chunk.text) for chunk in split(markdown("# A\n\n## B\n\n## C\n\nText."))] == [
        ("A > B", "## B"),
        ("A > C", "Text."),
    ]


def test_no_chunk_reaches_over_a_heading():
    chunks = split(markdown(f"# A\n\n{LONG}\n\n# B\n\n{LONG}"))
    assert {chunk.heading for chunk in chunks} == {"A", "B"}
    assert not any("# B" in chunk.text for chunk in chunks)


def test_long_text_is_cut_to_size_at_sentences():
    chunks = split(markdown(LONG), target_tokens=100, overlap_tokens=0)
    assert len(chunks) > 5
    assert all(chunk.token_count <= 100 for chunk in chunks)
    assert all(chunk.text.startswith("Sentence") and chunk.text.endswith(".") for chunk in chunks)


def test_neighbours_share_an_overlap_of_whole_sentences():
    first, second, *_ = split(markdown(LONG), target_tokens=100, overlap_tokens=30)
    shared = markdown(LONG).text[second.start : first.end]
    assert 0 < estimate_tokens(shared) <= 30
    assert shared.startswith("Sentence")
    assert first.text.endswith(shared)


def test_chunks_are_counted_in_the_order_of_the_text():
    chunks = split(markdown(f"{LONG}\n\n# A\n\n{LONG}"))
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))


def test_a_document_without_text_has_no_chunks():
    assert split(markdown("")) == []
    assert split(markdown(" \n\n \n")) == []


def test_a_chunk_knows_the_page_it_begins_on():
    document = ParsedDocument(title="", text="one " * 100 + "two " * 100, pages=(0, 400))
    pages = [chunk.page for chunk in split(document, target_tokens=50, overlap_tokens=0)]
    assert pages[0] == 1
    assert pages[-1] == 2
    assert split(markdown("No pages."))[0].page is None


def test_tokens_are_estimated_from_bytes():
    assert estimate_tokens("") == 0
    assert estimate_tokens("a" * BYTES_PER_TOKEN) == 1
    assert estimate_tokens("漢字") == 2


words = st.sampled_from(["alpha", "beta.", "gamma?", "δέλτα", "漢字", "x" * 60, "\n", "\n\n", " ", "\t", "\u2003", "-"])
texts = st.lists(words, max_size=120).map(" ".join) | st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


@st.composite
def documents(draw: st.DrawFn) -> ParsedDocument:
    text = draw(texts)
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    headings = tuple(
        Heading(draw(st.integers(1, 6)), f"H{start}", start, end)
        for start, end in zip(places[::2], places[1::2], strict=False)
    )
    return ParsedDocument(title="T", text=text, headings=headings)


@settings(max_examples=300, deadline=None)
@given(documents(), st.integers(5, 40), st.integers(0, 5))
def test_offsets_reproduce_every_chunk_and_nothing_is_lost(document, target, overlap):
    chunks = split(document, target, overlap)
    covered = set()
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert chunk.text == chunk.text.strip() != ""
        # A chunk is as long as asked, its overlap aside; a character of several bytes is never cut.
        assert len(chunk.text.encode()) <= (target + overlap) * BYTES_PER_TOKEN * 4
        covered.update(range(chunk.start, chunk.end))
    in_headings = {place for each in document.headings for place in range(each.start, each.end)}
    spoken = {place for place, letter in enumerate(document.text) if not letter.isspace()}
    assert spoken - in_headings <= covered
    for earlier, later in pairwise(chunks):
        assert earlier.start < later.start
        assert earlier.end < later.end
