"""A tenant's own model providers: where they answer, and with which key."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q


class ProviderCredential(models.Model):
    """Access to an OpenAI-compatible server for this tenant's assistants, in the place of the deployment's.

    ``encrypted_key`` is a Fernet token (``tenants/credentials/cipher.py``); ``key_hint`` the key's last characters.
    ``version`` grows with each change: what was made with an older one (clients, circuits) is not used any more.
    """

    audit_name = "model_provider"
    audited_fields = (
        *("name", "base_url", "key_hint", "chat_model", "embedding_model", "embedding_dimension", "enabled"),
    )

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=100, unique=True, help_text="By which you know it again.")
    base_url = models.CharField(
        "base URL", max_length=500, help_text="Where the server speaks OpenAI's protocol, such as https://host/v1."
    )
    encrypted_key = models.TextField(editable=False)
    key_hint = models.CharField(max_length=8, blank=True, editable=False)
    chat_model = models.CharField(
        max_length=200, blank=True, help_text="Answers for assistants that name no model. Empty: not used for answers."
    )
    embedding_model = models.CharField(
        max_length=200, blank=True, help_text="For new collections. Empty: not used for documents."
    )
    embedding_dimension = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(4000)],
        help_text="How many numbers the embedding model's vectors have. The test tells.",
    )
    enabled = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    tested_at = models.DateTimeField(null=True, blank=True, editable=False)
    test_problem = models.CharField(max_length=500, blank=True, editable=False)

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = "model provider"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["enabled"],
                condition=Q(enabled=True) & ~Q(chat_model=""),
                name="one_provider_for_chat",
                violation_error_message="Another model provider answers already: disable it, or name no chat model.",
            ),
            models.UniqueConstraint(
                fields=["enabled"],
                condition=Q(enabled=True) & ~Q(embedding_model=""),
                name="one_provider_for_embeddings",
                violation_error_message="Another model provider is for documents already: disable it, or name no "
                "embedding model.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
