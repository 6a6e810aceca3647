"""Budgets: how much may be used in a day or a month, and how much of it is gone."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from tenants.names import names_here
from tenants.router import PUBLIC_ONLY

LEAST_TOKENS = 20_000  # a run sets some 10,000 aside: a smaller budget would let none begin


class BudgetTerms(models.Model):
    """An amount for a period: of tokens, of US dollars, or both."""

    class Period(models.TextChoices):
        """When a budget starts anew, in UTC."""

        DAY = "day", "Day"
        MONTH = "month", "Month"

    audited_fields: ClassVar[tuple[str, ...]] = ("period", "tokens", "cost", "enabled", "note")

    id = models.BigAutoField(primary_key=True)
    period = models.CharField(max_length=10, choices=Period.choices, default=Period.MONTH)
    tokens = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(LEAST_TOKENS)],
        help_text=f"In and out together, at least {LEAST_TOKENS:,}. Empty: no limit.",
    )
    cost = models.DecimalField(
        "US dollars",
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text="Empty: no limit. Models without a price count as free.",
    )
    enabled = models.BooleanField(default=True)
    note = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Refuse a budget without an amount."""
        if self.tokens is None and self.cost is None:
            raise ValidationError({"tokens": "Give a number of tokens, an amount of dollars, or both."})


class Budget(BudgetTerms):
    """A budget that a tenant's administrators set, for all of the tenant or a part of it."""

    class Scope(models.TextChoices):
        """Whose use counts."""

        TENANT = "tenant", "Everyone together"
        ASSISTANT = "assistant", "One assistant"
        MEMBER = "member", "One member"
        EACH_MEMBER = "each_member", "Each member by itself"
        SITE = "site", "One site"
        EACH_SITE = "each_site", "Each site by itself"

    audited_fields: ClassVar = ("scope", "assistant_id", "member", "site_id", *BudgetTerms.audited_fields)
    audited_names: ClassVar = {"assistant_id": "assistants"}

    scope = models.CharField("for", max_length=20, choices=Scope.choices, default=Scope.TENANT)
    assistant_id = models.CharField("assistant", max_length=255, blank=True)
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    site_id = models.CharField("site", max_length=64, blank=True, help_text="The id of an embedded chat.")

    class Meta:
        ordering: ClassVar = ["scope", "assistant_id", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="budget_names_whose_it_is",
                condition=models.Q(
                    scope__in=["tenant", "each_member", "each_site"], assistant_id="", member=None, site_id=""
                )
                | (models.Q(scope="assistant", member=None, site_id="") & ~models.Q(assistant_id=""))
                | models.Q(scope="member", assistant_id="", member__isnull=False, site_id="")
                | (models.Q(scope="site", assistant_id="", member=None) & ~models.Q(site_id="")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_period_display()} budget of {self.whose}"

    @property
    def whose(self) -> str:
        """Whose use counts, in words."""
        if self.scope == self.Scope.ASSISTANT:
            return f"the assistant {names_here().assistants.get(self.assistant_id, self.assistant_id)}"
        if self.scope == self.Scope.MEMBER:
            return f"the member {self.member}"
        if self.scope == self.Scope.SITE:
            return f"the site {self.site_id}"
        return {self.Scope.EACH_MEMBER: "each member", self.Scope.EACH_SITE: "each site"}.get(
            self.Scope(self.scope), "everyone together"
        )

    def clean(self) -> None:
        """Refuse what does not fit together, with the field that is wrong."""
        super().clean()
        if (self.scope == self.Scope.ASSISTANT) != bool(self.assistant_id):
            raise ValidationError({"assistant_id": "Choose the assistant, for a budget of one assistant only."})
        if (self.scope == self.Scope.MEMBER) != (self.member_id is not None):
            raise ValidationError({"member": "Choose the member, for a budget of one member only."})
        if (self.scope == self.Scope.SITE) != bool(self.site_id):
            raise ValidationError({"site_id": "Name the site, for a budget of one site only."})


class PlatformBudget(BudgetTerms):
    """A budget that operators set: for one tenant, or for all of them together."""

    lives_in = PUBLIC_ONLY

    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="budgets",
        help_text="Empty: all tenants together.",
    )
    parts = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1)],
        help_text="Into how many counters it is split; more than 1 for hundreds of runs a second.",
    )

    class Meta:
        ordering: ClassVar = ["tenant__name", "id"]

    def __str__(self) -> str:
        return f"{self.get_period_display()} budget of {self.tenant or 'all tenants together'}"


class BudgetCounter(models.Model):
    """How much of a budget is used and set aside in one period. Written by the database's functions
    ``atrium_reserve`` and ``atrium_settle`` alone, each of which is one step: all of it or nothing.

    ``schema_name`` is empty for a budget of all tenants together. ``subject`` tells the members apart, where each has
    the budget by itself. The limits are those of the latest run.
    """

    lives_in = PUBLIC_ONLY

    id = models.BigAutoField(primary_key=True)
    schema_name = models.CharField(max_length=63, blank=True)
    budget = models.CharField(max_length=40)
    subject = models.CharField(max_length=80, blank=True)
    part = models.PositiveSmallIntegerField(default=0)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    tokens_limit = models.BigIntegerField(null=True)
    tokens_used = models.BigIntegerField(default=0)
    tokens_reserved = models.BigIntegerField(default=0)
    cost_limit = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    cost_used = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    cost_reserved = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    warned = models.PositiveSmallIntegerField(default=0, help_text="Per cent at which owners were written to.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["schema_name", "budget", "subject", "starts_at", "ends_at", "part"],
                name="one_counter_a_period",
            )
        ]

    def __str__(self) -> str:
        return f"{self.schema_name or 'all tenants'} {self.budget} {self.subject}".strip()


class BudgetReservation(models.Model):
    """What a run that goes on has set aside, in which counters. Gone when the run's use is counted: so it is once."""

    lives_in = PUBLIC_ONLY

    id = models.BigAutoField(primary_key=True)
    schema_name = models.CharField(max_length=63)
    run_id = models.CharField(max_length=40)
    tokens = models.BigIntegerField()
    cost = models.DecimalField(max_digits=20, decimal_places=8)
    counters = models.JSONField(help_text="Their keys, in the order in which they are locked.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["schema_name", "run_id"], name="one_reservation_a_run"),
        ]

    def __str__(self) -> str:
        return f"{self.schema_name} {self.run_id}"
