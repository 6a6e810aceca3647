"""Threads, messages, runs."""

from assistants.models.configured_assistant import ConfiguredAssistant
from assistants.models.run import IdempotencyKey, Run, RunEvent, RunLease
from assistants.models.thread import Message, Thread
from assistants.models.usage import TenantFigures, UsageDay

__all__ = [
    "ConfiguredAssistant",
    "IdempotencyKey",
    "Message",
    "Run",
    "RunEvent",
    "RunLease",
    "TenantFigures",
    "Thread",
    "UsageDay",
]
