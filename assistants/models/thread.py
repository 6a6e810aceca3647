"""Threads and their messages."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from langchain_core.messages import BaseMessage, messages_from_dict

from assistants.messages import is_readable, text_of
from tenants.words import word_index


class Thread(models.Model):
    """A conversation. It belongs to who began it. It outlives a member and an API key, and goes with a visitor."""

    class Source(models.TextChoices):
        """Where it is led. A completion's conversation is kept by the client; here is only what was asked last."""

        CHAT = "chat", "Chat"
        COMPLETION = "completion", "OpenAI-compatible API"
        PLAYGROUND = "playground", "Playground"

    name = models.CharField(max_length=255, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="ai_assistant_threads",
        null=True,
        blank=True,
    )
    api_key = models.ForeignKey(
        "tenants.ApiKey", on_delete=models.SET_NULL, related_name="+", null=True, blank=True, editable=False
    )
    visitor = models.ForeignKey(
        "tenants.Visitor", on_delete=models.CASCADE, related_name="+", null=True, blank=True, editable=False
    )
    assistant_id = models.CharField(max_length=255, blank=True)
    source = models.CharField(max_length=20, choices=Source.choices, default=Source.CHAT, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        indexes: ClassVar = [
            models.Index(fields=["created_by", "-created_at"], name="thread_by_owner"),
            models.Index(fields=["-created_at"], name="thread_by_time"),
            models.Index(fields=["assistant_id", "-created_at"], name="thread_by_assistant"),
            word_index("name", name="thread_words"),
        ]

    def __str__(self) -> str:
        return self.name or "Untitled"

    def get_messages(self, include_extra_messages: bool = False) -> list[BaseMessage]:
        """The conversation as LangChain messages, oldest first.

        Without ``include_extra_messages`` only what people read: no tool messages, and no AI messages without text.
        """
        rows = self.messages.filter(superseded=False).order_by("created_at", "id").values_list("message", flat=True)
        messages = messages_from_dict(list(rows))
        if include_extra_messages:
            return messages
        return [message for message in messages if is_readable(message)]


class Message(models.Model):
    """One message of a thread, stored as a LangChain dict (``langchain_core.messages.message_to_dict``)."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="messages")
    run = models.ForeignKey("Run", on_delete=models.SET_NULL, null=True, blank=True, related_name="messages")
    message = models.JSONField()
    citations = models.JSONField(default=list, blank=True)
    superseded = models.BooleanField(default=False, help_text="Another answer to the same question is shown instead.")
    variant = models.PositiveSmallIntegerField(default=1, help_text="Which answer to its question it belongs to.")
    variants = models.PositiveSmallIntegerField(default=1, help_text="How many answers the question has.")
    thumb = models.SmallIntegerField(null=True, blank=True, help_text="1: up, -1: down, by whoever asked.")
    feedback = models.TextField(blank=True, help_text="What they said about it.")
    feedback_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["thread", "created_at"], name="message_by_thread"),
            models.Index(fields=["created_at"], name="message_by_time"),
            # The few that somebody has said something about.
            models.Index(fields=["thumb", "created_at"], condition=models.Q(thumb__isnull=False), name="thumb_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.type} message"

    @property
    def type(self) -> str:
        """LangChain's type: human, ai, tool, system ..."""
        return self.message["type"]

    @property
    def content(self) -> str:
        """The text of the message, without parts that are not text."""
        return text_of(self.message["data"].get("content", ""))

    @property
    def is_readable(self) -> bool:
        """True for what people read in a conversation; the rule of ``assistants.messages.is_readable``."""
        return self.type == "human" or (self.type == "ai" and bool(self.content))
