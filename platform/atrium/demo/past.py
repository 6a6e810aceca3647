"""Three weeks of use, so that the demo's consoles have something to show. They say of themselves that they are made up.

The conversations are the administrator's, in the name of nobody who chats; they cost a few rows and no model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Sum
from django.utils import timezone
from langchain_core.messages import AIMessage, HumanMessage, message_to_dict

from assistants.models import Message, Run, Thread
from tenants.budgets.periods import period_at
from tenants.context import public_context, require_tenant
from tenants.models import Budget, BudgetCounter, User

DAYS = 21
MODEL = "example-model"
MONTHLY_TOKENS = 1_000_000
QUESTIONS = (
    "What is new this week?",
    "Who answers for the handbook?",
    "Summarise the last meeting",
    "Where do I find the forms?",
    "Draft a reply to the supplier",
)
ANSWER = "This conversation is made up: it shows what the console makes of three weeks of use."


@dataclass(frozen=True, slots=True)
class _Past:
    """One conversation of one question."""

    at: datetime
    number: int

    @property
    def failed(self) -> bool:
        return self.number % 17 == 9

    @property
    def thumb(self) -> int | None:
        return None if self.failed or self.number % 4 else (-1 if self.number % 16 == 8 else 1)


def build_past(user: User, assistants: list[str]) -> None:
    """Make the past of the current tenant, unless somebody has asked something already; and a budget of a month."""
    if Run.objects.exists() or not assistants:
        return
    pasts = list(_pasts(timezone.now()))
    threads = Thread.objects.bulk_create(
        Thread(name=QUESTIONS[past.number % len(QUESTIONS)], created_by=user, assistant_id=_of(past, assistants))
        for past in pasts
    )
    runs = Run.objects.bulk_create(_run(past, thread, user) for past, thread in zip(pasts, threads, strict=True))
    messages = [message for past, run in zip(pasts, runs, strict=True) for message in _messages(past, run)]
    Message.objects.bulk_create(messages)
    for model, rows in ((Thread, threads), (Run, runs)):
        for past, row in zip(pasts, rows, strict=True):
            row.created_at = past.at  # type: ignore[attr-defined]
        model._default_manager.bulk_update(rows, ["created_at"])  # type: ignore[arg-type]
    for message in messages:
        message.created_at = message.run.created_at  # type: ignore[union-attr]
    Message.objects.bulk_update(messages, ["created_at"])
    _budget()


def _pasts(now: datetime) -> Iterator[_Past]:
    number = 0
    for back in range(DAYS, 0, -1):
        day = now - timedelta(days=back)
        busy = 1 if day.weekday() >= 5 else 2 + (back * 7) % 5
        for hour in range(busy):
            number += 1
            yield _Past(day.replace(hour=8 + hour, minute=(number * 13) % 60), number)


def _of(past: _Past, assistants: list[str]) -> str:
    return assistants[0 if past.number % 3 else past.number % len(assistants)]


def _run(past: _Past, thread: Thread, user: User) -> Run:
    used = 0 if past.failed else 700 + (past.number * 137) % 900
    return Run(
        thread=thread,
        assistant_id=thread.assistant_id,
        status=Run.Status.FAILED if past.failed else Run.Status.COMPLETED,
        actor_kind="member",
        created_by=user,
        model=MODEL,
        tokens_in=used * 3,
        tokens_out=used // 3,
        cost=Decimal(used) / 400_000,
        error_code="model_unavailable" if past.failed else "",
        error_detail="The model could not be reached. Ask again in a moment." if past.failed else "",
        finished_at=past.at + timedelta(seconds=3),
    )


def _messages(past: _Past, run: Run) -> Iterator[Message]:
    question = HumanMessage(run.thread.name)
    yield Message(thread=run.thread, run=run, message=message_to_dict(question))
    if not past.failed:
        yield Message(thread=run.thread, run=run, message=message_to_dict(AIMessage(ANSWER)), thumb=past.thumb)


def _budget() -> None:
    row = Budget.objects.create(scope=Budget.Scope.TENANT, tokens=MONTHLY_TOKENS, note="An example")
    period, schema_name = period_at(row.period, timezone.now()), require_tenant().schema_name
    of_period = Run.objects.filter(created_at__gte=period.starts_at)
    used = of_period.aggregate(used=Sum(F("tokens_in") + F("tokens_out")))["used"] or 0
    with public_context():
        BudgetCounter.objects.create(
            schema_name=schema_name,
            budget=f"own:{row.pk}",
            starts_at=period.starts_at,
            ends_at=period.ends_at,
            tokens_limit=MONTHLY_TOKENS,
            tokens_used=used,
        )
