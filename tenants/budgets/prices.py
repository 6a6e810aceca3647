"""The operators' prices of models. Money is Decimal, in US dollars."""

from __future__ import annotations

from tenants.budgets.in_force import TokenPrice, operators_prices


def operators_price(model: str) -> TokenPrice | None:
    """The operators' price of a model; None where they have given none. No query.

    A name that the table has as it is goes before a beginning (``gpt-4o*``), a longer beginning before a shorter one.
    """
    table = operators_prices()
    if model in table:
        return table[model]
    fitting = [name for name in table if name.endswith("*") and model.startswith(name[:-1])]
    return table[max(fitting, key=len)] if fitting else None
