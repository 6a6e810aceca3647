"""The letter that says that a budget is nearly, or wholly, used up."""

from __future__ import annotations

from django.core.mail import send_mail

from tenants.actors import OWNER
from tenants.context import public_context, tenant_context
from tenants.models import Budget, BudgetCounter, PlatformBudget, Tenant, User

_TEXT = """Hello,

{per_cent} % of the {what} is used: {used}.
{then} It starts anew at {ends_at:%Y-%m-%d %H:%M} UTC.
"""
_NEARLY, _WHOLLY = "When it is used up, no more questions are answered.", "No more questions are answered until then."


def write_warning(counter_id: int, per_cent: int) -> None:
    """Write to the tenant's owners; to the member, where each has the budget by itself; of a budget of all tenants
    together, to the operators. Nothing where the tenant or the budget is gone."""
    with public_context():
        counter = BudgetCounter.objects.filter(pk=counter_id).first()
        if counter is None:
            return
        tenant = Tenant.objects.filter(schema_name=counter.schema_name).first()
        if tenant is None and counter.schema_name:
            return
        if tenant is None:
            what, addresses = _of_operators(counter), _addresses(is_superuser=True)
    if tenant is not None:
        with tenant_context(tenant.as_ref()):
            what, addresses = _of_tenant(counter), _readers(counter)
    if not (what and addresses):
        return
    text = _TEXT.format(
        per_cent=per_cent,
        what=what,
        used=_used(counter),
        then=_WHOLLY if per_cent >= 100 else _NEARLY,
        ends_at=counter.ends_at,
    )
    where = tenant.name if tenant is not None else "Atrium"
    for address in addresses:  # one letter each: nobody reads the others' addresses
        send_mail(f"{where}: {per_cent} % of a budget is used", text, None, [address])


def _readers(counter: BudgetCounter) -> list[str]:
    kind, _, key = counter.subject.partition(":")
    if kind == "member":
        return _addresses(pk=int(key))
    return _addresses(groups__name=OWNER)


def _addresses(**which: object) -> list[str]:
    rows = User.objects.filter(is_active=True, **which).exclude(email="")
    return list(rows.order_by("pk").values_list("email", flat=True))


def _of_operators(counter: BudgetCounter) -> str:
    row = PlatformBudget.objects.filter(pk=counter.budget.partition(":")[2]).first()
    return str(row)[:1].lower() + str(row)[1:] if row else ""


def _of_tenant(counter: BudgetCounter) -> str:
    kind, _, key = counter.budget.partition(":")
    if kind == "rule":
        return ""  # a limit for each person, each day: who reaches it is told, and nobody else wants a letter
    if kind == "plan":
        return "month budget of your plan"
    if kind == "operator":
        return "budget that your operator has set"
    row = Budget.objects.select_related("member").filter(pk=key).first()
    return f"{row.get_period_display().lower()} budget of {row.whose}" if row else ""


def _used(counter: BudgetCounter) -> str:
    parts = []
    if counter.tokens_limit is not None:
        parts.append(f"{counter.tokens_used:,} of {counter.tokens_limit:,} tokens")
    if counter.cost_limit is not None:
        parts.append(f"${counter.cost_used:,.2f} of ${counter.cost_limit:,.2f}")
    return ", ".join(parts)
