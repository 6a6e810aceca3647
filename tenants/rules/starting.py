"""The rules that a new tenant starts with: ordinary rows, which its administrators see and change."""

from __future__ import annotations

from tenants.models import AccessRule
from tenants.rules.actions import MESSAGES, READ_COLLECTION, THREADS, USE_ASSISTANT, USE_TOOL

STARTING_RULES = (
    (USE_ASSISTANT, "Made with the tenant: everyone signed in may use every assistant. Change it as you like."),
    (THREADS, "Made with the tenant: everyone signed in has conversations of their own."),
    (MESSAGES, "Made with the tenant: everyone signed in writes in their own conversations."),
    (USE_TOOL, "Made with the tenant: an assistant may use its tools for everyone signed in."),
    (READ_COLLECTION, "Made with the tenant: everyone signed in may read and search every collection."),
)
"""Action and note of each. They are in migration 0008, too, for the tenants that were there before."""


def make_starting_rules() -> None:
    """Store them in the current tenant."""
    AccessRule.objects.bulk_create(AccessRule(action=action, note=note) for action, note in STARTING_RULES)
