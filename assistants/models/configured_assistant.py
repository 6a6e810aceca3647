"""What a tenant's administrators have made of assistants."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class ConfiguredAssistant(models.Model):
    """An assistant that a tenant made on a base class, or what it changed of one that developers wrote.

    Every process keeps these rows and is told of changes by a trigger (``assistants/tenant_assistants.py``).
    """

    audit_name = "assistant"
    audited_fields: ClassVar = (
        *("base", "enabled", "name", "description", "instructions", "model", "temperature", "tools", "knowledge"),
        *("collections", "starter_questions", "grounded", "unsupported_answer"),
    )
    audited_names: ClassVar = {"collections": "collections"}

    class Knowledge(models.TextChoices):
        """Where an assistant looks for passages. Empty: as its developer has it."""

        ALL = "all", "All collections"
        CHOSEN = "chosen", "Chosen collections"
        NONE = "none", "No collection"

    shown_name: str = ""
    """What its developer calls it: set by pages, for one that has no name of its own."""

    id = models.CharField(primary_key=True, max_length=255)
    base = models.CharField(max_length=255, blank=True, help_text="Empty: it adjusts the developers' of this id.")
    enabled = models.BooleanField(default=True)
    name = models.CharField(max_length=100, blank=True)
    description = models.CharField(max_length=500, blank=True)
    instructions = models.TextField(blank=True)
    model = models.CharField(max_length=255, blank=True)
    temperature = models.FloatField(null=True, blank=True)
    tools = models.JSONField(null=True, blank=True, help_text="Names of selectable tools. Null: the developer's.")
    knowledge = models.CharField(max_length=10, choices=Knowledge.choices, blank=True)
    collections = models.JSONField(default=list, blank=True, help_text="Ids of the chosen collections.")
    starter_questions = models.JSONField(default=list, blank=True)
    grounded = models.BooleanField(null=True, blank=True, help_text="Null: as its developer has it.")
    unsupported_answer = models.CharField(max_length=500, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["id"]
        verbose_name = "assistant"

    def __str__(self) -> str:
        return self.name or self.shown_name or self.id
