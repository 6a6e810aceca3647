"""Which sentences the offline model quotes, and how they look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants.graph.passages import ParsedPassage
from assistants.llm.offline_answers import quoting_answer
from assistants.llm.offline_quotes import MAX_QUOTE_CHARACTERS, MAX_QUOTES, find_quotes
from assistants.llm.offline_sentences import prose_sentences
from assistants.llm.offline_words import informative_words, stem


def passage(text: str, number: int = 1, title: str = "Handbook", heading: str = "") -> ParsedPassage:
    return ParsedPassage(number, title, heading, text)


def quoted(question: str, *texts: str) -> list[str]:
    passages = [passage(text, number) for number, text in enumerate(texts, start=1)]
    return [quote.text for quote in find_quotes(question, passages).quotes]


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How are keys encrypted?", "Keys are encrypted at rest."),
        ("What about encryption of a key?", "Keys are encrypted at rest."),
        ("Which jobs does a worker run?", "A worker runs jobs from the queue."),
        ("migrating schemas", "Schemas are migrated together."),
        ("ATRIUM_DEBUG", "Set `ATRIUM_DEBUG` to off in production."),
    ],
)
def test_words_meet_in_all_their_forms(question: str, sentence: str) -> None:
    others = "Members sign in with a password. Visitors need none."
    assert quoted(question, others, sentence) == [sentence]


@pytest.mark.parametrize(
    ("word", "same"),
    [
        ("migrated", "migration"),
        ("migrates", "migrate"),
        ("embeddings", "embedding"),
        ("embedded", "embed"),
        ("policies", "policy"),
        ("retried", "retries"),
        ("shipping", "ship"),
        ("calls", "called"),
        ("indexes", "index"),
        ("payment", "pay"),
        ("configuration", "configured"),
    ],
)
def test_endings_do_not_matter(word: str, same: str) -> None:
    assert stem(word) == stem(same)


@pytest.mark.parametrize(("word", "other"), [("need", "ne"), ("string", "str"), ("status", "stat"), ("class", "clas")])
def test_a_word_is_not_cut_to_the_bone(word: str, other: str) -> None:
    assert stem(word) != stem(other)


def test_chatter_in_a_question_finds_nothing() -> None:
    assert informative_words("Hello! Could you please tell me how it works, and what I need to know?") == []
    assert quoted("Can you please tell me how it works?", "It works. Tell me what you need.") == []


def test_a_rare_word_counts_for_more_than_a_common_one() -> None:
    common = "A tenant has hosts. A tenant has members. A tenant has a plan."
    assert quoted("Which tenant pays by invoice?", common, "An invoice comes each month.")[0] == (
        "An invoice comes each month."
    )


def test_there_are_at_most_three_quotes() -> None:
    texts = [f"Refunds of kind {name} take {name} days." for name in ("alpha", "beta", "gamma", "delta", "omega")]
    assert len(quoted("alpha beta gamma delta omega refunds", *texts)) == MAX_QUOTES


def test_what_overlapping_passages_repeat_is_quoted_once() -> None:
    sentence = "Refunds are paid within 14 days."
    assert quoted("When are refunds paid?", sentence, f"Also read this. {sentence}", sentence) == [sentence]


def test_neighbouring_sentences_are_one_quote() -> None:
    text = "Tea is free. Refunds take 14 days. Gift cards are paid as credit."
    assert quoted("What about refunds of gift cards?", text) == ["Refunds take 14 days. Gift cards are paid as credit."]


def test_the_heading_lends_its_words_to_what_stands_below() -> None:
    below = passage("We pay within 14 days.", 2, heading="Money > Refunds")
    findings = find_quotes("refunds", [passage("Tea is free."), below])
    assert [(quote.number, quote.text) for quote in findings.quotes] == [(2, "We pay within 14 days.")]


def test_the_answer_after_a_question_is_quoted_though_it_shares_no_word() -> None:
    (text,) = quoted("Who pays refunds?", "Who pays refunds? The shop does, always. Tea is free.")
    assert "The shop does, always." in text


def test_a_second_sentence_about_the_same_is_quoted_too() -> None:
    texts = ("Refunds of gift cards come as credit.", "Nobody may sell the gift cards for which refunds were paid.")
    assert quoted("refunds of gift cards", *texts) == list(texts)


def test_what_barely_touches_the_question_is_left_out_beside_a_good_answer() -> None:
    good = "Refunds of gift cards come as credit after fourteen days."
    assert quoted("refunds of gift cards as credit", good, "Business cards hang on the wall.") == [good]


def test_of_equals_the_better_passage_comes_first() -> None:
    assert quoted("refunds", "Refunds take five days here.", "Refunds need a written form.")[0] == (
        "Refunds take five days here."
    )


def test_a_word_that_stands_only_in_a_table_is_pointed_to() -> None:
    findings = find_quotes(
        "timeout", [passage("Tea is free."), passage("| timeout | 30 s |\n|---|---|", 2, "Settings")]
    )
    assert findings.supported
    assert not findings.quotes
    assert "- Settings [2]" in quoting_answer(findings)


def test_a_sentence_without_end_is_cut_around_the_word() -> None:
    long = f"{'filler ' * 200}refund {'filler ' * 200}"
    (text,) = quoted("refund", long)
    assert "refund" in text
    assert text.startswith("… ")
    assert text.endswith(" …")
    assert len(text) <= MAX_QUOTE_CHARACTERS + 4


def test_a_title_cannot_pass_for_a_citation() -> None:
    findings = find_quotes("refunds", [passage("Refunds take 14 days.", 1, "Terms [2]\nof sale")])
    assert "> — Terms (2) of sale [1]" in quoting_answer(findings)


def test_a_document_without_a_title_is_untitled() -> None:
    assert "> — Untitled [1]" in quoting_answer(find_quotes("tea", [passage("Tea is free.", 1, "")]))


@pytest.mark.parametrize(
    ("markdown", "sentences"),
    [
        ("# Heading\n\nProse here.", ["Prose here."]),
        ("Heading\n=======\n\nProse here.", ["Prose here."]),
        ("One line\nand the next. Another one!", ["One line and the next.", "Another one!"]),
        ("- first item\n- second item\n  goes on\n* third", ["first item", "second item goes on", "third"]),
        ("1. Do this.\n2) Do that.\n- [x] Done.", ["Do this.", "Do that.", "Done."]),
        ("Before.\n\n```python\nx = 1. Not prose.\n```\n\nAfter.", ["Before.", "After."]),
        ("Before.\n~~~\ncode\n~~~\nAfter.", ["Before.", "After."]),
        ("tail of code\n```\n\nAfter.", ["After."]),
        ("Before.\n\n```python\nhead of code", ["Before."]),
        ("Before:\n\n    indented code\n\nAfter.", ["Before:", "After."]),
        ("| a | b |\n|---|---|\n| c | d |\n\nAfter.", ["After."]),
        ("a | b | c\n--- | --- | ---\nd | e | f\n\nAfter.", ["After."]),
        ("> A quoted line\n> goes on.", ["A quoted line goes on."]),
        ("Above.\n\n---\n\nBelow.", ["Above.", "Below."]),
        ("<!-- hidden -->\n<br>\nShown.", ["Shown."]),
        ("See [the terms](terms.md) and ![a picture](a.png) now.", ["See the terms and now."]),
        ("As shown [3], it holds.[^1]", ["As shown (3), it holds."]),
        ("[ref]: https://example.org\nText.", ["Text."]),
        ("Use e.g. Postgres. It has approx. 5 parts.", ["Use e.g. Postgres.", "It has approx. 5 parts."]),
        ("J. Doe wrote it. Version 3.11 runs.", ["J. Doe wrote it.", "Version 3.11 runs."]),
        ('He said "Go." Then he left.', ['He said "Go."', "Then he left."]),
        ("a -> b holds. C does not.", ["a -> b holds.", "C does not."]),
        ("", []),
    ],
)
def test_it_finds_the_sentences_of_a_document(markdown: str, sentences: list[str]) -> None:
    assert prose_sentences(markdown) == sentences


@given(st.text(alphabet=st.sampled_from("ab .!?\n\t#>|-*_`~[]()<&1=")))
def test_sentences_hold_one_line_and_nothing_empty(text: str) -> None:
    for sentence in prose_sentences(text):
        assert sentence == sentence.strip()
        assert sentence
        assert "\n" not in sentence


@given(
    st.lists(st.text(alphabet="refund tea. ", max_size=60), max_size=5), st.text(alphabet="refund tea ", max_size=30)
)
def test_every_quote_is_text_of_its_passage(texts: list[str], question: str) -> None:
    passages = [passage(text, number) for number, text in enumerate(texts, start=1)]
    for quote in find_quotes(question, passages).quotes:
        assert quote.text in " ".join(passages[quote.number - 1].text.split())
