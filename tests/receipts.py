"""A run with a receipt, as the console shows it, without asking a model."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from langchain_core.messages import AIMessage, HumanMessage, message_to_dict

from assistants.models import Message, Run, Thread

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def make_receipt(text: str = "Heavy.", chunk_id: int | None = None) -> dict[str, Any]:
    """What a run with a rewritten question, a search, a failed attempt and two tool calls leaves behind."""
    model = {"kind": "model", "purpose": "answer", "model": "gpt-4o-mini", "tokens_cached": 0, "error_type": ""}
    passage = {"document_id": None, "title": "Anvil care", "heading": "Weight", "page": 3, "sha256": _sha256(text)}
    return {
        "assistant": {"id": "docs_assistant", "version": "2.1"},
        "rule": {"id": 1, "effect": "allow", "text": "Everyone signed in may see and run all assistants"},
        "model": "gpt-4o-mini",
        "prompt_hash": _sha256("You answer."),
        "passages": [
            {**passage, "number": 1, "chunk_id": chunk_id, "score": 0.0328},
            {**passage, "number": 2, "chunk_id": -1, "score": 0.0161, "title": "A very long title of a document " * 4},
        ],
        "tool_calls": [
            _call("call_1", "find_stock", {"item": "anvil", "place": "Oslo"}, "12 in stock\n3 reserved"),
            _call("call_2", "send_mail", {"to": "bob@example.com", "text": EVIL}, None, "failed", "TimeoutError"),
        ],
        "steps": [
            {"kind": "prepare", "start_ms": 0.0, "ms": 6.4},
            {**model, "purpose": "rewrite", "start_ms": 7.0, "ms": 410.0, "first_token_ms": 300.0, "tokens_in": 220},
            {"kind": "search", "start_ms": 418.0, "ms": 31.5, "query": "How heavy are anvils in Oslo?", "found": 2},
            {**model, "start_ms": 450.0, "ms": 92.0, "error_type": "model_busy", "first_token_ms": None},
            {**model, "start_ms": 1042.0, "ms": 900.0, "first_token_ms": 610.0, "tokens_in": 1830, "tokens_out": 41},
            {"kind": "tool", "start_ms": 1944.0, "ms": 380.0, "call_id": "call_1", "name": "find_stock"},
            {"kind": "tool", "start_ms": 1944.5, "ms": 700.0, "name": "send_mail", "error_type": "TimeoutError"},
            {**model, "start_ms": 2646.0, "ms": 2400.0, "first_token_ms": 700.0, "tokens_in": 1990, "tokens_out": 160},
            {"kind": "store", "start_ms": 5047.0, "ms": None},
        ],
        "first_token_ms": 3346.0,
        "total_ms": 5047.0,
        "tokens": {"in": 4040, "out": 201, "cached": 1024},
        "cost": {
            "amount": "0.0006498",
            "currency": "USD",
            "prices": {"gpt-4o-mini": {"in": "0.15", "out": "0.6", "cached_in": "0.075"}},
        },
    }


def make_run(user: Any, thread: Thread | None = None, **fields: Any) -> Run:
    """A run of ``user``'s with a question, an answer that cites, and a receipt; ``fields`` are the run's own."""
    thread = thread or Thread.objects.create(name=f"About anvils {EVIL}", created_by=user)
    run = Run.objects.create(
        **{
            "thread": thread,
            "assistant_id": "docs_assistant",
            "assistant_version": "2.1",
            "actor_kind": "member",
            "created_by": user,
            "status": "completed",
            "model": "gpt-4o-mini",
            "prompt_hash": _sha256("You answer."),
            "tokens_in": 4040,
            "tokens_out": 201,
            "tokens_cached": 1024,
            "cost": Decimal("0.0006498"),
            "rule_id": 1,
            "receipt": make_receipt(),
            "finished_at": timezone.now() + timedelta(seconds=5.1),
            **fields,
        }
    )
    question = _say(run, HumanMessage(f"How heavy are the anvils in Oslo, and are there any left? {EVIL}"))
    _say(run, AIMessage(f"They are **heavy** [1], and 12 are in stock. {EVIL}"), citations=[_citation()])
    Run.objects.filter(pk=run.pk).update(question=question)
    return run


def _say(run: Run, message: Any, **more: Any) -> Message:
    return Message.objects.create(thread=run.thread, run=run, message=message_to_dict(message), **more)


def _citation() -> dict[str, Any]:
    return {"number": 1, "title": "Anvil care", "heading": "Weight", "page": 3, "quote": "Heavy."}


def _call(
    call_id: str, name: str, arguments: Any, result: str | None, status: str = "completed", error: str = ""
) -> dict[str, Any]:
    made = {"call_id": call_id, "name": name, "arguments": arguments, "result": result}
    return {**made, "status": status, "error_type": error}
