"""Threads, messages, runs."""

from assistants.models.run import Run, RunEvent, RunLease
from assistants.models.thread import Message, Thread

__all__ = ["Message", "Run", "RunEvent", "RunLease", "Thread"]
