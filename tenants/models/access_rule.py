"""Access rules: rows by which a tenant's administrators decide who may use which assistant."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models


class AccessRule(models.Model):
    """Allows or denies an assistant, or all of them, to some of the tenant's people.

    Without a rule that allows there is no access; a rule that denies beats any that allows.
    """

    class Effect(models.TextChoices):
        """What the rule does to those it names."""

        ALLOW = "allow", "Allow"
        DENY = "deny", "Deny"

    class Audience(models.TextChoices):
        """Whom the rule names."""

        EVERYONE = "everyone", "Everyone signed in"
        ROLE = "role", "A role"
        MEMBER = "member", "One member"

    effect = models.CharField(max_length=10, choices=Effect.choices, default=Effect.ALLOW)
    assistant_id = models.CharField("assistant", max_length=255, blank=True, help_text="Empty: all assistants.")
    audience = models.CharField("who", max_length=20, choices=Audience.choices, default=Audience.EVERYONE)
    role = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    enabled = models.BooleanField(default=True)
    note = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["effect", "assistant_id", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="access_rule_names_its_audience",
                condition=models.Q(audience="everyone", role=None, member=None)
                | models.Q(audience="role", role__isnull=False, member=None)
                | models.Q(audience="member", role=None, member__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_effect_display()} {self.assistant_id or 'all assistants'} to {self.whom}"

    @property
    def whom(self) -> str:
        """The audience in words."""
        if self.audience == self.Audience.ROLE:
            return f"role {self.role}"
        if self.audience == self.Audience.MEMBER:
            return f"member {self.member}"
        return "everyone signed in"

    def clean(self) -> None:
        """Refuse a rule whose audience and its role or member do not fit, with the field that is wrong."""
        wanted = {self.Audience.ROLE: "role", self.Audience.MEMBER: "member"}.get(self.Audience(self.audience))
        for field in ("role", "member"):
            given = getattr(self, field) is not None
            if field == wanted and not given:
                raise ValidationError({field: f"Choose the {field} that this rule is for."})
            if field != wanted and given:
                raise ValidationError({field: "Leave this empty, or choose another audience."})
