"""What tokens cost: the prices of models, and what calls come to."""

from __future__ import annotations

from asyncio import CancelledError
from decimal import Decimal
from fractions import Fraction
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, LLMResult

from assistants.llm.prices import HIGHEST, Price, as_text, check_prices, price_of, rounded
from assistants.runs.token_use import TokenUse

dollars = st.decimals(0, HIGHEST, places=6)
prices = st.builds(Price, dollars, dollars, dollars)
tokens = st.integers(0, 2**31 - 1)
names = st.text("abc-4o", min_size=1, max_size=8)


@pytest.fixture
def table(settings):
    def use(**entries):
        settings.ATRIUM_MODEL_PRICES = {name.replace("_", "-"): entry for name, entry in entries.items()}

    return use


# -- sums


@given(prices, tokens, tokens, tokens)
def test_a_call_costs_exactly_what_its_tokens_cost(price, tokens_in, tokens_out, cached):
    cached = min(cached, tokens_in)
    parts = ((price.tokens_in, tokens_in - cached), (price.cached_in, cached), (price.tokens_out, tokens_out))
    exact = sum(Fraction(each) * count for each, count in parts) / 1_000_000
    assert Fraction(price.of(tokens_in, tokens_out, cached)) == exact


@given(prices, tokens, tokens, tokens, tokens)
def test_two_calls_cost_as_much_as_one_with_the_tokens_of_both(price, a_in, a_out, b_in, b_out):
    assert price.of(a_in, a_out) + price.of(b_in, b_out) == price.of(a_in + b_in, a_out + b_out)


@given(prices, tokens, tokens, tokens, tokens)
def test_more_tokens_never_cost_less(price, tokens_in, tokens_out, more_in, more_out):
    assert price.of(tokens_in + more_in, tokens_out + more_out) >= price.of(tokens_in, tokens_out)


@given(prices, tokens, tokens, tokens)
def test_no_more_is_cached_than_went_in(price, tokens_in, tokens_out, cached):
    assert price.of(tokens_in, tokens_out, tokens_in + cached) == price.of(tokens_in, tokens_out, tokens_in)


@given(prices, tokens, tokens)
def test_every_cost_fits_its_column(price, tokens_in, tokens_out):
    assert rounded(price.of(tokens_in, tokens_out)) < 10**8


@given(st.decimals(0, 10**6, places=8))
def test_an_amount_as_text_is_the_same_amount(amount):
    text = as_text(amount)
    assert Decimal(text) == amount
    assert "E" not in text
    assert "." not in text or text[-1] not in "0."


# -- the table


def test_an_unknown_price_is_none_and_not_nothing(table):
    table(gpt_a={"in": 1, "out": 2})
    assert price_of("gpt-b") is None
    assert price_of("gpt-a-mini") is None
    assert price_of("") is None


def test_a_beginning_stands_for_all_that_begin_so(table):
    table(**{"gpt-4o*": {"in": 1, "out": 2}})
    assert price_of("gpt-4o-2024-08-06") == price_of("gpt-4o") == Price(Decimal(1), Decimal(2), Decimal(1))
    assert price_of("gpt-4") is None


@given(st.dictionaries(names, dollars, min_size=1), names, st.randoms())
def test_the_longest_beginning_holds_in_whatever_order_they_are_given(entries, model, random):
    from django.test import override_settings

    order = list(entries)
    random.shuffle(order)
    with override_settings(ATRIUM_MODEL_PRICES={f"{name}*": {"in": entries[name], "out": 0} for name in order}):
        found = price_of(model)
    fitting = [name for name in entries if model.startswith(name)]
    assert (found.tokens_in if found else None) == (entries[max(fitting, key=len)] if fitting else None)


def test_a_whole_name_goes_before_a_beginning(table):
    table(**{"gpt*": {"in": 1, "out": 1}, "gpt-4": {"in": 9, "out": 9}})
    assert price_of("gpt-4").tokens_in == 9


def test_without_a_price_of_their_own_cached_tokens_cost_what_others_do(table):
    table(a={"in": 3, "out": 1}, b={"in": 3, "out": 1, "cached_in": 0.3})
    assert (price_of("a").cached_in, price_of("b").cached_in) == (Decimal(3), Decimal("0.3"))


def test_the_offline_model_is_free_whatever_the_table_says(settings):
    settings.ATRIUM_MODEL_PRICES = {"*": {"in": 5, "out": 5}}
    assert price_of("atrium-offline").of(10**6, 10**6) == 0
    assert price_of("anything").tokens_in == 5


@pytest.mark.parametrize(
    "entry",
    [
        5,
        {},
        {"in": 1},
        {"in": 1, "out": 1, "inn": 1},
        {"in": -1, "out": 1},
        {"in": "x", "out": 1},
        {"in": True, "out": 1},
        {"in": None, "out": 1},
        {"in": float("nan"), "out": 1},
        {"in": float("inf"), "out": 1},
        {"in": 10_001, "out": 1},
    ],
    ids=str,
)
def test_an_entry_that_cannot_be_used_stops_the_start_and_is_named(settings, entry):
    settings.ATRIUM_MODEL_PRICES = {"gpt-x": entry}
    with pytest.raises(ImproperlyConfigured, match="ATRIUM_MODEL_PRICES: gpt-x"):
        check_prices()


# -- calls, added up


def call(use: TokenUse, model: str = "m", told: bool = True, error: BaseException | None = None, said: str = "a"):
    run_id = uuid4()
    use.on_chat_model_start({}, [], run_id=run_id, metadata={"ls_model_name": model})
    if said:
        use.on_llm_new_token(said, run_id=run_id)
    usage = {"input_tokens": 1_000_000, "output_tokens": 0, "total_tokens": 1_000_000} if told else None
    message = AIMessage("a", usage_metadata=usage, response_metadata={"model_name": model})
    result = LLMResult(generations=[[ChatGeneration(message=message)]] if told or error is None else [])
    if error is None:
        use.on_llm_end(result, run_id=run_id)
    else:
        use.on_llm_error(error, run_id=run_id, response=result)


def test_calls_of_several_models_add_up(table):
    table(m={"in": 1, "out": 0}, n={"in": 2, "out": 0})
    use = TokenUse()
    call(use, "m")
    call(use, "n")
    assert (use.cost, use.tokens_in, use.model) == (Decimal(3), 2_000_000, "n")


@pytest.mark.parametrize("known_first", [True, False])
def test_a_sum_with_an_unknown_part_is_unknown(table, known_first):
    table(m={"in": 1, "out": 0})
    use = TokenUse()
    for model in ("m", "x") if known_first else ("x", "m"):
        call(use, model)
    assert use.cost is None


def test_a_provider_that_tells_no_tokens_leaves_the_cost_unknown_unless_it_is_free(table):
    table(m={"in": 1, "out": 0}, free={"in": 0, "out": 0})
    paid, free = TokenUse(), TokenUse()
    call(paid, "m", told=False)
    call(free, "free", told=False)
    assert (paid.cost, free.cost) == (None, Decimal(0))


def test_an_attempt_that_brought_nothing_costs_nothing(table):
    table(m={"in": 1, "out": 0})
    use = TokenUse()
    call(use, "m", told=False, error=ConnectionError(), said="")
    call(use, "m")
    assert use.cost == Decimal(1)
    assert [step["error_type"] for step in use.timeline.steps] == ["model_failed", ""]


def test_an_answer_cut_short_leaves_the_cost_unknown(table):
    table(m={"in": 1, "out": 0})
    use = TokenUse()
    call(use, "m", told=False, error=ConnectionError(), said="Half")
    assert use.cost is None


def test_budgets_count_what_was_told_and_of_an_answer_cut_short_an_estimate(table):
    """A token for each four characters, and four for each message."""
    table(m={"in": 10, "out": 100})
    use = TokenUse()
    call(use, "m")
    assert (use.counted_tokens, use.counted_cost) == (1_000_000, Decimal(10))
    call(use, "m", told=False, error=ConnectionError(), said="")  # it brought nothing
    call(use, "unpriced", told=False)  # a server that never tells
    assert (use.counted_tokens, use.counted_cost) == (1_000_000, Decimal(10))
    run_id, half = uuid4(), AIMessageChunk("word " * 8)
    use.on_chat_model_start({}, [[HumanMessage("a" * 400)]], run_id=run_id, metadata={"ls_model_name": "m"})
    use.on_llm_new_token(half.content, run_id=run_id)
    use.on_llm_error(
        CancelledError(), run_id=run_id, response=LLMResult(generations=[[ChatGenerationChunk(message=half)]])
    )
    assert use.counted_tokens == 1_000_000 + 104 + 14
    assert use.counted_cost == Decimal(10) + Decimal(104 * 10 + 14 * 100) / 1_000_000
    assert (use.tokens_in, use.tokens_out, use.cost) == (1_000_000, 0, None)


def test_a_prompt_counts_whose_answer_a_person_stopped_and_not_that_of_a_failed_attempt(table):
    table(m={"in": 10, "out": 100})
    stopped: list[bool] = []
    use = TokenUse(is_stopped=lambda: bool(stopped))
    first, second, third = uuid4(), uuid4(), uuid4()
    for run_id in (first, second, third):
        use.on_chat_model_start({}, [[HumanMessage("a" * 400)]], run_id=run_id, metadata={"ls_model_name": "m"})
    use.on_llm_error(CancelledError(), run_id=first)  # its time was over
    assert (use.counted_tokens, use.cost) == (0, Decimal(0))
    stopped.append(True)
    use.on_llm_error(CancelledError(), run_id=second)
    assert (use.counted_tokens, use.counted_cost) == (104, Decimal(104 * 10) / 1_000_000)
    use.close()  # of the third one, LangChain told nothing
    assert (use.counted_tokens, use.cost) == (208, None)
    assert [step["error_type"] for step in use.timeline.steps] == ["given_up"] * 3


@pytest.mark.parametrize("count", [-5, 10**30, None, "7"])
def test_whatever_a_server_says_fits_its_column(count):
    use, run_id = TokenUse(), uuid4()
    message = AIMessage("a")
    message.usage_metadata = {"input_tokens": count, "output_tokens": count, "total_tokens": 0}
    use.on_llm_end(LLMResult(generations=[[ChatGeneration(message=message)]]), run_id=run_id)
    assert 0 <= use.tokens_in < 2**31
