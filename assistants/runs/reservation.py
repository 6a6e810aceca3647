"""What a run sets aside at the budgets that it counts at, before its model is called."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone

from assistants.assistants import AIAssistant
from assistants.conf import max_history_tokens
from assistants.graph.history import CHARACTERS_PER_TOKEN
from assistants.llm.prices import price_of, rounded
from assistants.llm.providers import check_provider, default_model
from assistants.messages import text_of
from assistants.models import Run
from tenants.actors import Actor
from tenants.budgets.in_force import terms
from tenants.budgets.lines import RunFacts, lines_for
from tenants.budgets.plans import check_assistant, check_model
from tenants.budgets.rule_limits import run_rates, token_limits
from tenants.budgets.store import Reservation
from tenants.context import require_tenant
from tenants.rules.decide import Decision

ANSWER_TOKENS = 2000
"""What an answer is taken to have, with the instructions that it follows. What it has in truth counts in the end."""


def check_in_plan(assistant: AIAssistant) -> None:
    """Raises ``NotInPlan`` where the tenant's plan does not have the assistant, or its model, and
    ``CredentialUnreadable`` where the key of the tenant's own provider cannot be read."""
    check_assistant(assistant.id)
    check_model(model_of(assistant))
    check_provider(assistant)


def reservation_for(
    run: Run, assistant: AIAssistant, question: Any, actor: Actor, decision: Decision, *, begins: bool = True
) -> Reservation | None:
    """What the run sets aside for this question; None where no budget and no limit of an access rule holds for it.

    ``decision`` let ``actor`` run the assistant. ``begins`` is False for a run that goes on: it counts as begun before.
    """
    facts = RunFacts.of(str(run.pk), run.assistant_id, actor)
    budgets = [*token_limits(decision.limited_by), *terms().budgets]
    lines = lines_for(budgets, facts, require_tenant().schema_name, timezone.now())
    rates = run_rates(decision.limited_by, facts) if begins else ()
    if not (lines or rates):
        return None
    tokens_in = max_history_tokens() + len(text_of(question)) // CHARACTERS_PER_TOKEN
    price = price_of(model_of(assistant))  # one that is not known counts as none
    cost = price.of(tokens_in, ANSWER_TOKENS) if price is not None else Decimal(0)
    return Reservation(str(run.pk), lines, tokens_in + ANSWER_TOKENS, rounded(cost), rates)


def model_of(assistant: AIAssistant) -> str:
    """The name of the model that answers for the assistant."""
    return assistant.get_model() or default_model()
