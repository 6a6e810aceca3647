"""What a plan allows, checked where things are made."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection

from tenants.budgets.errors import NotInPlan, PlanLimit
from tenants.budgets.in_force import terms
from tenants.context import require_tenant
from tenants.own_assistants import is_among

MEMBERS, DOCUMENTS = "members", "documents"


def check_assistant(assistant_id: str) -> None:
    """Raises ``NotInPlan`` where the plan does not have the assistant."""
    allowed = terms().plan.assistants
    if allowed and not is_among(assistant_id, allowed):
        raise NotInPlan("Your plan does not have this assistant.", code="assistant_not_in_plan")


def in_plan(assistant_ids: Collection[str]) -> set[str]:
    """Those of the assistants that the plan has."""
    allowed = terms().plan.assistants
    return {name for name in assistant_ids if not allowed or is_among(name, allowed)}


def check_model(model: str) -> None:
    """Raises ``NotInPlan`` where the plan does not have the model."""
    allowed = terms().plan.models
    if allowed and model not in allowed:
        raise NotInPlan("Your plan does not have this assistant's model.", code="model_not_in_plan")


def check_room_for_member() -> None:
    """Raises ``PlanLimit`` where the plan holds no further active member. In the transaction that makes it."""
    from tenants.models import User

    most = terms().plan.members
    if most is None:
        return
    one_at_a_time(MEMBERS)
    if User.objects.filter(is_active=True).count() >= most:
        raise PlanLimit(
            f"Your plan holds {most:,} members. Deactivate one, or ask your operator for more.",
            code="plan_limit_members",
            limit=most,
        )


def check_room_for_documents(*, others: int, stored: int, added: int) -> None:
    """Raises ``PlanLimit`` where the plan holds no further document, or not so many bytes. In the transaction that
    stores it, after ``one_at_a_time(DOCUMENTS)``.

    Parameters
    ----------
    others, stored
        How many documents there are beside this one, and their bytes.
    added
        This one's bytes.
    """
    plan = terms().plan
    if plan.documents is not None and others >= plan.documents:
        raise PlanLimit(
            f"Your plan holds {plan.documents:,} documents. Delete some, or ask your operator for more.",
            code="plan_limit_documents",
            limit=plan.documents,
        )
    if plan.storage is not None and stored + added > plan.storage:
        raise PlanLimit(
            f"Your plan holds {plan.storage:,} bytes of documents; {stored:,} are used, and this one has {added:,}.",
            code="plan_limit_storage",
            limit=plan.storage,
        )


def limits_documents() -> bool:
    """True where the plan limits documents or their storage."""
    plan = terms().plan
    return plan.documents is not None or plan.storage is not None


def one_at_a_time(what: str) -> None:
    """Until this transaction ends, no other of the tenant counts the same thing: two cannot both be the last."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{require_tenant().schema_name}/{what}"]
        )
