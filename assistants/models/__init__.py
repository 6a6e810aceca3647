"""Threads, messages, runs."""

from assistants.models.run import IdempotencyKey, Run, RunEvent, RunLease
from assistants.models.thread import Message, Thread

__all__ = ["IdempotencyKey", "Message", "Run", "RunEvent", "RunLease", "Thread"]
