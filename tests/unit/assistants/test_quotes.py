"""The sentence of a passage that an answer's sentence rests on: exact, short, and found by its words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, ToolMessage

from assistants.citing.citations import citations_in_object, citations_of
from assistants.citing.numbering import NumberedPassages
from assistants.citing.quotes import LONGEST_QUOTE, claim_before, quote_for, sentence_spans
from assistants.citing.speech import checked, uncited, with_places
from assistants.graph.passages import format_passages
from assistants.runs.found_before import found_before

PASSAGE = (
    "# Refunds\n\nCustomers may return anvils. A refund is paid within 90 days of delivery, by bank transfer. "
    "Ropes are not taken back.\n\n| part | price |\n|---|---|\n| GX-7710 | 265.00 |\n| GX-1200 | 12.50 |\n"
)


def quote(*claims: str, passage: str = PASSAGE) -> str:
    start, end = quote_for(passage, claims)
    return passage[start:end]


def test_it_is_the_sentence_or_row_with_the_same_words():
    assert "90 days" in quote("You get your money back after 90 days by transfer.")
    assert quote("The part GX-1200 costs 12.50.").strip("|\n ") == "GX-1200 | 12.50"
    assert quote("Ropes cannot be taken back.").endswith("Ropes are not taken back.")


def test_an_answer_in_other_words_quotes_the_beginning():
    assert quote("Ολα καλά").startswith("# Refunds")


def test_what_was_asked_in_a_language_without_blanks_is_found():
    assert quote("铁砧重五十公斤", passage="绳子很长。铁砧的重量是五十公斤。") == "铁砧的重量是五十公斤。"


def test_the_claim_is_the_sentence_before_the_marker():
    text = "Ropes are sold by the metre, in all colours [2]. Anvils weigh 50 kg and are black. [1][3]"
    assert claim_before(text, text.index("[1]")) == "Anvils weigh 50 kg and are black."
    assert claim_before(text, text.index("[3]")) == "Anvils weigh 50 kg and are black."
    assert claim_before(text, text.index("[2]")) == "Ropes are sold by the metre, in all colours"


def test_behind_the_name_of_a_source_the_claim_is_what_stands_before_it():
    text = "> A refund is paid within 90 days.\n>\n> — Refund policy [1]"
    assert "90 days" in claim_before(text, text.index("[1]"))


@given(st.text(max_size=900), st.lists(st.text(max_size=60), max_size=3), st.integers(0, 900))
def test_a_quote_is_a_piece_of_the_passage(passage, claims, start):
    start = min(start, len(passage))
    begin, end = quote_for(passage, claims, start)
    assert start <= begin <= end <= len(passage)
    assert end - begin <= LONGEST_QUOTE
    assert passage[begin:end] or not passage[start:].strip()


@given(st.text(st.sampled_from(list("ab. !?\n|-1)。")), max_size=80))
def test_sentences_leave_nothing_out(text):
    spans = sentence_spans(text)
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())


# -- numbers


def found(*texts: str) -> list[Document]:
    return [Document(text, metadata={"document_id": "d", "chunk_id": place}) for place, text in enumerate(texts)]


def test_numbers_go_on_over_several_searches_and_stay_with_their_passages():
    passages = NumberedPassages()
    first, second = found("anvils", "ropes"), found("anvils", "ropes", "gaskets")
    assert [each.metadata["number"] for each in passages.add(first)] == [1, 2]
    assert [each.metadata["number"] for each in passages.add(second, call_id="call_1")] == [1, 2, 3]
    assert passages[3].metadata["call_id"] == "call_1"
    assert "call_id" not in passages[1].metadata


def test_what_tools_had_found_keeps_its_number_after_a_pause():
    before = NumberedPassages()
    before.add(found("anvils"))
    [searched] = before.add(found("anvils", "ropes")[1:], call_id="call_1")
    told = ToolMessage(format_passages([searched]), tool_call_id="call_1", additional_kwargs={"passages": [2]})
    # What another tool has read somewhere is none of ours, whatever it looks like.
    posing = ToolMessage(format_passages([Document("lies", metadata={"number": 2})]), tool_call_id="call_2")
    place = {"number": 2, "call_id": "call_1", "document_id": "d", "chunk_id": 1}
    after = NumberedPassages()
    after.restore(found_before([place], [told, posing]))
    assert [each.metadata["number"] for each in after.add(found("anvils", "new"))] == [1, 3]
    assert after[2].page_content == "ropes"
    assert [each.metadata["number"] for each in after.add(found("", "ropes")[1:])] == [2]


# -- citations


def table() -> NumberedPassages:
    passages = NumberedPassages()
    text = "part | price\nGX-7710 | 265.00\nGX-1200 | 12.50"
    facts = {"document_id": "d", "chunk_id": 7, "start": 100, "end": 132, "text_from": 13, "version": 2}
    passages.add([Document(text, metadata=facts)])
    return passages


def test_a_citation_says_where_its_quote_stands():
    [citation] = citations_of("The part GX-1200 has a price of 12.50 [1], see [1].", table())
    assert citation["quote"] == "GX-1200 | 12.50"
    assert citation["quote_in_passage"] == {"start": 30, "end": 45}
    assert citation["quote_in_document"] == {"start": 117, "end": 132}
    assert citation["markers"] == [{"start": 38, "end": 41}, {"start": 47, "end": 50}]
    assert (citation["version"], citation["chunk_ids"], citation["start"]) == (2, [7], 100)


def test_texts_in_an_object_cite_and_its_numbers_do_not():
    assert citations_in_object({"sizes": [1], "text": "Nothing."}, table()) == []
    [citation] = citations_in_object({"parts": [{"text": "GX-1200 costs 12.50 [1]."}]}, table())
    assert (citation["number"], citation["markers"]) == (1, [])


# -- earlier answers


def test_an_earlier_answer_is_read_without_its_markers():
    answer = AIMessage("Heavy [1], and a[1] is black [1].")
    stored = with_places(answer, [{"markers": [{"start": 6, "end": 9}, {"start": 29, "end": 32}]}])
    assert uncited(stored, is_clients=False).content == "Heavy, and a[1] is black."
    assert uncited(answer, is_clients=False) is answer
    assert uncited(answer, is_clients=True).content == "Heavy, and a[1] is black."
    # A process that died in the middle has left no places.
    partial = AIMessage("Heavy [1], and", additional_kwargs={"partial": True})
    assert uncited(partial, is_clients=False).content == "Heavy, and"


@given(st.lists(st.text(st.sampled_from(list("[]1 9a")), max_size=12), min_size=1, max_size=4))
def test_an_answer_in_parts_is_checked_as_a_whole(texts):
    parts = [{"type": "text", "text": text} for text in texts]
    passages = table()
    whole = checked(AIMessage("".join(texts)), passages)
    in_parts = checked(AIMessage([{"type": "thinking", "thinking": "[9]"}, *parts]), passages)
    assert "".join(part["text"] for part in in_parts.content[1:]) == whole.content
