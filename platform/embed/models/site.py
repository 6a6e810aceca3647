"""Sites: one embedded chat each, with the pages that may show it."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from embed.origins import LONGEST

KEY_START = "site_"
LONGEST_LANGUAGE = 20  # characters of a tag such as pt-BR


def new_public_key() -> str:
    """A key that names a site to the public. It is no secret: it stands in the tenant's web pages."""
    return KEY_START + secrets.token_urlsafe(18)


class Site(models.Model):
    """One embedded chat.

    ``id`` is what access rules and budgets name it by. ``fallback`` is said in the place of an answer that cannot be
    given; the first of ``languages`` is for visitors who speak none of them, and no language means all.
    ``identity_secret`` is encrypted (``identity/secrets.py``); ``identity_key`` is a public key in PEM. With one of the
    two, the tenant's server vouches for visitors.
    """

    audited_fields: ClassVar = (
        *("id", "name", "assistant_id", "enabled", "public_key", "origins", "who", "greeting", "starters", "consent"),
        *("messages_a_minute", "messages_a_day", "messages_a_day_in_all", "kept_days", "identity_key"),
        *("look", "languages", "fallback"),
    )
    audited_names: ClassVar = {"assistant_id": "assistants"}

    class Who(models.TextChoices):
        """Who may chat."""

        ANYONE = "anyone", "Anyone who comes to the page"
        IDENTIFIED = "identified", "Only people for whom your server vouches"

    id = models.SlugField(primary_key=True, max_length=64)
    name = models.CharField(max_length=100)
    assistant_id = models.CharField("assistant", max_length=255)
    enabled = models.BooleanField(
        default=True, help_text="Off: nobody chats here any more, from this moment on. Nothing is deleted."
    )
    public_key = models.CharField(max_length=64, unique=True, default=new_public_key, editable=False)
    origins = ArrayField(models.CharField(max_length=LONGEST), default=list)
    who = models.CharField("who may chat", max_length=20, choices=Who.choices, default=Who.ANYONE)
    greeting = models.TextField(blank=True, max_length=1000)
    starters = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    consent = models.TextField(blank=True, max_length=2000)
    fallback = models.TextField(blank=True, max_length=1000)
    languages = ArrayField(models.CharField(max_length=LONGEST_LANGUAGE), default=list, blank=True)
    look = models.JSONField(default=dict, blank=True)  # embed/look.py
    messages_a_minute = models.PositiveIntegerField(
        "messages a minute, each visitor", null=True, blank=True, default=20, validators=[MinValueValidator(1)]
    )
    messages_a_day = models.PositiveIntegerField(
        "messages a day, each visitor", null=True, blank=True, default=100, validators=[MinValueValidator(1)]
    )
    messages_a_day_in_all = models.PositiveIntegerField(
        "messages a day, all visitors together", null=True, blank=True, default=5000, validators=[MinValueValidator(1)]
    )
    kept_days = models.PositiveIntegerField(
        "days that conversations are kept",
        null=True,
        blank=True,
        default=90,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
    )
    identity_secret = models.TextField(blank=True, editable=False)
    identity_key = models.TextField("public key", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = "embedded chat"

    def __str__(self) -> str:
        return self.name

    @property
    def wants_identity(self) -> bool:
        """True where nobody chats anonymously."""
        return self.who == self.Who.IDENTIFIED


def site_of_key(key: str) -> Site | None:
    """The site of a public key, as anybody may send it; None where there is none. PostgreSQL takes no NUL in a text."""
    return Site.objects.filter(public_key=key).first() if "\x00" not in key else None
