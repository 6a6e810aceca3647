"""The audit log: who did what, when, from where, and what was there before and after."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now

from tenants.router import BOTH
from tenants.words import word_index

SEARCHED_IN_AUDIT = ("actor", "action", "target", "address", "request_id")
"""Fields of an entry whose words are searched."""


class AuditEntry(models.Model):
    """One administrative act: a tenant's in its own schema, an operator's in the public one.

    Entries are written by ``tenants.audit.record`` in the transaction of the act. The database refuses to change them,
    and to delete them but for those that are old (``tenants/audit/retention.py``). They name people and things as they
    were called then, and hold no keys to other tables: what they tell of may be deleted. ``before`` and ``after`` hold
    the fields that a model lets be seen (``audited_fields``), never a secret.
    """

    lives_in = BOTH

    class Via(models.TextChoices):
        """Which door was used."""

        CONSOLE = "console", "Console"
        API = "api", "API"
        PAGE = "page", "Page"
        COMMAND = "command", "Command line"
        JOB = "job", "Job"

    class Kind(models.TextChoices):
        """Who acts."""

        MEMBER = "member", "Member"
        API_KEY = "api_key", "API key"
        OPERATOR = "operator", "Operator"
        SYSTEM = "system", "System"
        NOBODY = "nobody", "Not signed in"

    id = models.BigAutoField(primary_key=True)
    created_at = models.DateTimeField("when", db_default=Now())  # a trigger sees to it that nobody says otherwise
    actor_kind = models.CharField(max_length=10, choices=Kind.choices)
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField("who", max_length=255, blank=True)
    via = models.CharField(max_length=10, choices=Via.choices)
    address = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    action = models.CharField("what", max_length=60)
    target_kind = models.CharField("about", max_length=40, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    target = models.CharField(max_length=255, blank=True)
    before: models.JSONField[Any, Any] = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after: models.JSONField[Any, Any] = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        ordering: ClassVar = ["-id"]
        default_permissions = ("view",)
        verbose_name, verbose_name_plural = "audit entry", "audit log"
        indexes: ClassVar = [
            models.Index(fields=["action", "id"], name="audit_by_action"),
            models.Index(fields=["actor", "id"], name="audit_by_actor"),
            models.Index(fields=["target_kind", "target_id", "id"], name="audit_by_target"),
            word_index(*SEARCHED_IN_AUDIT, name="audit_words"),
        ]

    def __str__(self) -> str:
        from tenants.audit.words import action_in_words

        return f"{action_in_words(self.action)}: {self.target}" if self.target else action_in_words(self.action)
