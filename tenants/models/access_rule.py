"""Access rules: rows by which a tenant's administrators decide who may do what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from tenants.models.api_key import ApiKey
from tenants.models.budget import LEAST_TOKENS
from tenants.names import names_here
from tenants.rules.actions import CHOICES, USE_ASSISTANT, WITH_RESOURCE
from tenants.rules.decide import Limits
from tenants.rules.words import NO_NAMES, Parts, sentence, whom_in_words

_NAMED_BY: Mapping[str, str] = {"role": "role", "group": "group", "member": "member", "api_key": "api_key"}
"""Audience -> the field that says which one."""
_OF_A_SITE = ("visitors", "identified")
_MISSING = {
    "role": "Choose the role that this rule is for.",
    "group": "Choose the group that this rule is for.",
    "member": "Choose the member that this rule is for.",
    "api_key": "Choose the API key that this rule is for.",
}


def _names(audience: str) -> Q:
    """The fields of the audience are filled in, and no others."""
    named = Q(**{f"{field}__isnull": _NAMED_BY.get(audience) != field for field in _NAMED_BY.values()})
    return Q(audience=audience) & named & (Q() if audience in _OF_A_SITE else Q(site_id=""))


def _attribute_belongs_to() -> Q:
    """Only those whom a site's server knows have attributes; a value is one of something."""
    return Q(attribute="", attribute_value="") | (Q(audience="identified") & ~Q(attribute=""))


def _each_names_its_own(audiences: list[str]) -> Q:
    condition = Q()
    for audience in audiences:
        condition |= _names(audience)
    return condition


class AccessRule(models.Model):
    """Allows or denies an action, or a group of them, to some of those who act for the tenant.

    Without a rule that allows there is no access; a rule that denies beats any that allows.
    """

    audited_fields: ClassVar = (
        "effect",
        "action",
        "assistant_id",
        "resource",
        "audience",
        "role",
        "group",
        "member",
        "api_key",
        "site_id",
        "attribute",
        "attribute_value",
        "starts_at",
        "ends_at",
        "runs_per_minute",
        "tokens_per_day",
        "enabled",
        "note",
    )

    audited_names: ClassVar = {"assistant_id": "assistants", "resource": "collections"}

    class Effect(models.TextChoices):
        """What the rule does to those it names."""

        ALLOW = "allow", "Allow"
        DENY = "deny", "Deny"

    class Audience(models.TextChoices):
        """Whom the rule names."""

        EVERYONE = "everyone", "Everyone signed in"
        ROLE = "role", "A role"
        GROUP = "group", "A group"
        MEMBER = "member", "One member"
        API_KEY = "api_key", "One API key"
        VISITORS = "visitors", "Visitors of a site"
        IDENTIFIED = "identified", "Identified visitors of a site"

    effect = models.CharField(max_length=10, choices=Effect.choices, default=Effect.ALLOW)
    action = models.CharField("what", max_length=40, choices=CHOICES, default=USE_ASSISTANT)
    assistant_id = models.CharField("assistant", max_length=255, blank=True, help_text="Empty: all assistants.")
    resource = models.CharField(
        "tool or collection", max_length=255, blank=True, help_text="A tool's name or a collection's id. Empty: all."
    )
    audience = models.CharField("who", max_length=20, choices=Audience.choices, default=Audience.EVERYONE)
    role = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    api_key = models.ForeignKey(
        ApiKey, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name="API key"
    )
    site_id = models.CharField("site", max_length=64, blank=True, help_text="Empty: all sites.")
    attribute = models.CharField(
        "attribute",
        max_length=50,
        blank=True,
        default="",
        db_default="",
        help_text="A name that your server says of its visitors: plan. Empty: all identified visitors.",
    )
    attribute_value = models.CharField(
        "its value", max_length=200, blank=True, default="", db_default="", help_text="pro, 3, true. Case matters."
    )
    starts_at = models.DateTimeField("from", null=True, blank=True, help_text="Empty: from now on.")
    ends_at = models.DateTimeField("until", null=True, blank=True, help_text="Empty: for good.")
    runs_per_minute = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="For each person. Empty: no limit."
    )
    tokens_per_day = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(LEAST_TOKENS)],
        help_text=f"For each person, in and out together, at least {LEAST_TOKENS:,}. Empty: no limit.",
    )
    enabled = models.BooleanField(default=True)
    note = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["effect", "assistant_id", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="access_rule_names_its_audience",
                condition=_each_names_its_own(
                    ["everyone", "role", "group", "member", "api_key", "visitors", "identified"]
                ),
            ),
            models.CheckConstraint(name="access_rule_attribute_of_identified", condition=_attribute_belongs_to()),
            models.CheckConstraint(
                name="access_rule_resource_of_its_action", condition=Q(resource="") | Q(action__in=WITH_RESOURCE)
            ),
        ]

    def __str__(self) -> str:
        return sentence(self.parts, names_here() if self.assistant_id or self.resource else NO_NAMES)

    @property
    def parts(self) -> Parts:
        """What its sentence is made of."""
        return Parts(
            self.effect,
            self.whom,
            self.action,
            self.assistant_id,
            self.resource,
            Limits(self.runs_per_minute, self.tokens_per_day),
            self.starts_at,
            self.ends_at,
        )

    @property
    def whom(self) -> str:
        """The audience in words."""
        named = getattr(self, _NAMED_BY.get(self.audience, "site_id"))
        called = named.name if isinstance(named, ApiKey) else str(named)
        return whom_in_words(self.audience, called, self.attribute, self.attribute_value)

    def clean(self) -> None:
        """Refuse a rule whose parts do not fit together, with the field that is wrong."""
        errors = {**self._wrong_audience(), **self._wrong_window(), **self._wrong_limits()}
        if self.resource and self.action not in WITH_RESOURCE:
            errors["resource"] = "Leave this empty, or choose the action on a tool or a collection."
        if errors:
            raise ValidationError(errors)

    def _wrong_audience(self) -> dict[str, str]:
        wanted = _NAMED_BY.get(self.audience)
        errors = {}
        for field in _NAMED_BY.values():
            given = getattr(self, field) is not None
            if field == wanted and not given:
                errors[field] = _MISSING[field]
            if field != wanted and given:
                errors[field] = "Leave this empty, or choose another audience."
        if self.site_id and self.audience not in _OF_A_SITE:
            errors["site_id"] = "Leave this empty, or choose another audience."
        return errors | self._wrong_attribute()

    def _wrong_attribute(self) -> dict[str, str]:
        errors = {}
        if self.attribute and self.audience != self.Audience.IDENTIFIED:
            errors["attribute"] = "Only identified visitors have attributes: choose them as the audience."
        elif self.attribute and not self.attribute.isidentifier():
            errors["attribute"] = "A name is made of letters, digits and _: plan."
        if self.attribute_value and not self.attribute:
            errors["attribute_value"] = "Name the attribute that has this value."
        return errors

    def _wrong_window(self) -> dict[str, str]:
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            return {"ends_at": "This must be later than the beginning."}
        return {}

    def _wrong_limits(self) -> dict[str, str]:
        limited = [name for name in ("runs_per_minute", "tokens_per_day") if getattr(self, name) is not None]
        if self.effect == self.Effect.DENY:
            return dict.fromkeys(limited, "A rule that denies has no limits.")
        return {}
