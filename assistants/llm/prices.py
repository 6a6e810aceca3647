"""What tokens cost: the prices of models, and what a call of one comes to. Money is Decimal, in US dollars.

A price that nobody has told is unknown (None), which is not the same as free: a sum with an unknown part is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from assistants.llm.offline import MODEL_NAME
from tenants.budgets.prices import operators_price

SETTING = "ATRIUM_MODEL_PRICES"
CURRENCY = "USD"
PER = Decimal(1_000_000)  # tokens that a price is for
HIGHEST = Decimal(10_000)  # dollars for a million tokens; what is above is a slip of the keyboard
_PLACES = Decimal("0.00000001")  # of Run.cost
_NAMES = frozenset({"in", "out", "cached_in"})


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens: those that go in, those that come out, and those read from a cache."""

    tokens_in: Decimal
    tokens_out: Decimal
    cached_in: Decimal

    def of(self, tokens_in: int, tokens_out: int, tokens_cached: int = 0) -> Decimal:
        """What a call costs, exactly. ``tokens_cached`` are among ``tokens_in``, and never more than those."""
        cached = min(tokens_cached, tokens_in)
        spent = self.tokens_in * (tokens_in - cached) + self.cached_in * cached + self.tokens_out * tokens_out
        return spent / PER

    @property
    def is_free(self) -> bool:
        """True where nothing costs anything."""
        return not (self.tokens_in or self.tokens_out or self.cached_in)

    def as_json(self) -> dict[str, str]:
        """As the setting gives it; numbers as text, as a float would round them."""
        prices = {"in": self.tokens_in, "out": self.tokens_out, "cached_in": self.cached_in}
        return {name: as_text(price) for name, price in prices.items()}


FREE = Price(Decimal(0), Decimal(0), Decimal(0))


def price_of(model: str) -> Price | None:
    """The price of a model by its name; None where it is unknown. The offline model is free.

    What operators have written in their console goes before the setting. A name that a table has as it is goes before
    a beginning (``gpt-4o*``), a longer beginning before a shorter one.
    """
    if model == MODEL_NAME:
        return FREE
    theirs = operators_price(model)
    if theirs is not None:
        return Price(theirs.tokens_in, theirs.tokens_out, theirs.cached_in)
    exact, beginnings = _table()
    if model in exact:
        return exact[model]
    return next((price for beginning, price in beginnings if model.startswith(beginning)), None)


def rounded(amount: Decimal) -> Decimal:
    """An amount with the decimal places that are stored."""
    return amount.quantize(_PLACES, rounding=ROUND_HALF_UP)


def as_text(amount: Decimal) -> str:
    """An amount without an exponent and without zeros at its end."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def check_prices() -> None:
    """Read the table once. Raises ``ImproperlyConfigured`` that says which entry cannot be used."""
    _table()


_Table = tuple[dict[str, Price], list[tuple[str, Price]]]
_read: tuple[Any, _Table] | None = None


def _table() -> _Table:
    """The setting as prices by name, and by beginning, the longest first. Read again when another table is set."""
    global _read
    given = getattr(settings, SETTING, None) or {}
    if _read is None or _read[0] is not given:
        _read = given, _parsed(given)
    return _read[1]


def _parsed(given: Any) -> _Table:
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured(f"{SETTING} must be an object of prices by model, not {given!r}.")
    exact: dict[str, Price] = {}
    beginnings: dict[str, Price] = {}
    for name, entry in given.items():
        table = beginnings if name.endswith("*") else exact
        table[name.removesuffix("*")] = _price(name, entry)
    return exact, sorted(beginnings.items(), key=lambda pair: -len(pair[0]))


def _price(name: str, entry: Any) -> Price:
    if not isinstance(entry, Mapping) or not {"in", "out"} <= entry.keys() <= _NAMES:
        raise ImproperlyConfigured(f'{SETTING}: {name} needs "in" and "out", and may have "cached_in"; not {entry!r}.')
    tokens_in, tokens_out = _dollars(name, entry["in"]), _dollars(name, entry["out"])
    return Price(tokens_in, tokens_out, _dollars(name, entry["cached_in"]) if "cached_in" in entry else tokens_in)


def _dollars(name: str, value: Any) -> Decimal:
    try:
        price = Decimal(str(value)) if isinstance(value, (int, float, str, Decimal)) else None
    except InvalidOperation:
        price = None
    if price is None or isinstance(value, bool) or not price.is_finite() or not 0 <= price <= HIGHEST:
        raise ImproperlyConfigured(
            f"{SETTING}: {name} has the price {value!r}; it is in dollars for a million tokens, from 0 to {HIGHEST}."
        )
    return price
