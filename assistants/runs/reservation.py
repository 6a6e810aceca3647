"""What a run sets aside at the budgets that it counts at, before its model is called."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from assistants.assistants import AIAssistant
from assistants.conf import max_history_tokens
from assistants.graph.history import CHARACTERS_PER_TOKEN
from assistants.llm.prices import price_of, rounded
from assistants.messages import text_of
from assistants.models import Run
from tenants.budgets.in_force import terms
from tenants.budgets.lines import RunFacts, lines_for
from tenants.budgets.plans import check_assistant, check_model
from tenants.budgets.store import Reservation
from tenants.context import require_tenant

ANSWER_TOKENS = 2000
"""What an answer is taken to have, with the instructions that it follows. What it has in truth counts in the end."""


def check_in_plan(assistant: AIAssistant) -> None:
    """Raises ``NotInPlan`` where the tenant's plan does not have the assistant, or its model."""
    check_assistant(assistant.id)
    check_model(_model(assistant))


def reservation_for(run: Run, assistant: AIAssistant, question: Any) -> Reservation | None:
    """What the run sets aside for this question; None where no budget holds for it."""
    facts = RunFacts(str(run.pk), run.assistant_id, run.created_by_id, run.api_key_id)
    lines = lines_for(terms().budgets, facts, require_tenant().schema_name, timezone.now())
    if not lines:
        return None
    tokens_in = max_history_tokens() + len(text_of(question)) // CHARACTERS_PER_TOKEN
    price = price_of(_model(assistant))  # one that is not known counts as none
    cost = price.of(tokens_in, ANSWER_TOKENS) if price is not None else Decimal(0)
    return Reservation(str(run.pk), lines, tokens_in + ANSWER_TOKENS, rounded(cost))


def _model(assistant: AIAssistant) -> str:
    return assistant.get_model() or settings.ATRIUM_CHAT_MODEL
