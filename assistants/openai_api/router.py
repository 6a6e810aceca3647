"""Models and completions over HTTP: parse, call, return."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from ninja import Router

from assistants.api.rendering import json_response
from assistants.api.turns import Started, started
from assistants.api.unbroken import unbroken
from assistants.assistants import AIAssistant
from assistants.callers import Caller
from assistants.openai_api.chunks import ChunkStream, as_json
from assistants.openai_api.conversation import read_request
from assistants.openai_api.errors import failure
from assistants.openai_api.schemas import CompletionIn
from assistants.runs import sse
from assistants.runs.idempotency import idempotency_of
from assistants.runs.runner import runner
from assistants.tenant_assistants import aassistants_here
from assistants.use_cases import threads
from assistants.use_cases.begin_completion import begin_completion
from assistants.use_cases.read_completion import read_completion
from tenants.api.auth import actor_of
from tenants.api.scopes import needs_scope
from tenants.context import require_tenant
from tenants.database import in_database
from tenants.errors import AtriumError, NotFound
from tenants.scopes import CHAT

router = Router()

FIRST_SIGN = sse.PING_EVERY  # seconds for which a stream waits with its 200, as the run may fail at once


class NoSuchEndpoint(NotFound):
    """There is no such endpoint here. Assistants answer at /v1/models and /v1/chat/completions."""

    code = "unknown_url"


class MethodNotAllowed(AtriumError):
    """This endpoint does not take this method."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


@router.get("/models")
@needs_scope(CHAT)
async def list_models(request: HttpRequest) -> HttpResponse:
    """The assistants that the key may use, as models."""
    found = await in_database(threads.list_assistants, Caller.of_request(request))
    return json_response({"object": "list", "data": [_model(assistant) for assistant in found]})


@router.get("/models/{model_id}")
@needs_scope(CHAT)
async def get_model(request: HttpRequest, model_id: str) -> HttpResponse:
    """One of them."""
    return json_response(_model(await in_database(threads.get_assistant, Caller.of_request(request), model_id)))


@router.post("/chat/completions")
@needs_scope(CHAT)
async def create_completion(request: HttpRequest, payload: CompletionIn) -> HttpResponseBase:
    """Ask an assistant. The run goes on whatever becomes of this connection."""
    started = await unbroken(_begin(request, payload))
    assistant = (await aassistants_here()).find(payload.model)
    structured = assistant is not None and assistant.structured_output is not None
    if payload.stream:
        await _check_beginning(started)
        include_usage = bool(payload.stream_options and payload.stream_options.include_usage)
        stream = ChunkStream(started, payload.model, structured, include_usage)
        frames = sse.kept_open(stream.chunks(), bytes)
        return StreamingHttpResponse(frames, content_type=sse.CONTENT_TYPE, headers=sse.HEADERS)
    if error := failure(await started.final(), started.run_id):
        raise error
    completion = await in_database(read_completion, started.run_id, structured=structured)
    return json_response(as_json(completion, payload.model))


EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@router.api_operation(["POST", "PUT", "PATCH", "DELETE"], "/models")
@router.api_operation(["GET", "PUT", "PATCH", "DELETE"], "/chat/completions")
@needs_scope(CHAT)
async def refuse_method(request: HttpRequest) -> None:
    """Said in OpenAI's shape, which Django's own answer has not."""
    raise MethodNotAllowed


@router.api_operation(["POST", "PUT", "PATCH", "DELETE"], "/models/{model_id}")
@needs_scope(CHAT)
async def refuse_method_of_model(request: HttpRequest, model_id: str) -> None:
    """As ``refuse_method``."""
    raise MethodNotAllowed


@router.api_operation(EVERY_METHOD, "/{path:rest}")
@needs_scope(CHAT)
async def refuse_unknown(request: HttpRequest, rest: str) -> None:
    """What OpenAI has and Atrium has not."""
    raise NoSuchEndpoint


async def _begin(request: HttpRequest, payload: CompletionIn) -> Started:
    """Check and store the question, and run it. Everything that can be refused is refused here."""
    actor = actor_of(request)
    asked = {"completion": payload.as_asked()}
    with runner.beginning():
        turn = await in_database(
            begin_completion,
            actor,
            payload.model,
            read_request(payload),
            user=getattr(request, "user", None),
            request=request,
            idempotency=idempotency_of(actor, request.headers.get("Idempotency-Key"), asked),
        )
        return started(turn)


async def _check_beginning(started: Started) -> None:
    """Wait for the first piece of the answer, and raise what came instead: clients know errors by their status."""
    with suppress(TimeoutError):
        async with asyncio.timeout(FIRST_SIGN), aclosing(started.events()) as events:
            async for event in events:
                if error := failure(event, started.run_id):
                    raise error
                if event.type == "message.delta":
                    return


def _model(assistant: type[AIAssistant]) -> dict[str, Any]:
    """``created`` is 0: an assistant is code, and has no such time."""
    return {
        "id": assistant.id,
        "object": "model",
        "created": 0,
        "owned_by": require_tenant().schema_name,
        "atrium": {"name": assistant.name, "allows_client_tools": assistant.allows_client_tools},
    }
