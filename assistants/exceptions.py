"""What assistants refuse. The message is for the person who asked."""

from __future__ import annotations

import asyncio

from django.core.exceptions import ImproperlyConfigured

from tenants.errors import AtriumError, Conflict, NotAllowed, NotFound, Unavailable


class AIAssistantMisconfiguredError(ImproperlyConfigured):
    """An assistant class is not written right: its developer mends it."""


class AIAssistantNotDefinedError(NotFound):
    """There is no such assistant."""

    code = "assistant_not_found"


class AIUserNotAllowedError(NotAllowed):
    """No rule allows this to you."""

    code = "not_allowed"


class RunActiveError(Conflict):
    """An answer is being written in this thread. Wait until it is done."""

    code = "run_active"
    title = "The thread is busy"


class ModelFailedError(AtriumError):
    """The model did not answer. Your message is kept; try again."""

    status = 502
    code = "model_failed"
    title = "The model did not answer"


class EmptyAnswerError(ModelFailedError):
    """The model ended without an answer. Your message is kept; try again."""

    code = "empty_answer"


class ToolRoundsExceededError(AtriumError):
    """The assistant called tools again and again without coming to an answer."""

    status = 502
    code = "tool_rounds_exceeded"
    title = "The assistant did not come to an answer"


class OfflineModelCannotError(Unavailable):
    """The offline model cannot do this by its rules. Configure a model key (OPENAI_API_KEY)."""

    code = "offline_model_cannot"
    title = "This needs a language model"


_STATUS_CODES = {
    401: ("model_key_refused", "The model provider refused this deployment's key. Tell your administrator."),
    403: ("model_key_refused", "The model provider refused this deployment's key. Tell your administrator."),
    404: ("model_unknown", "The model provider does not know the model. Tell your administrator."),
    429: ("model_busy", "The model provider is busy. Your message is kept; try again in a minute."),
}


def describe_failure(error: BaseException) -> tuple[str, str]:
    """A failed run's stable code and a text for the person who asked: never the provider's words, which may hold
    secrets. The log has the rest."""
    if isinstance(error, AtriumError):
        return error.code, error.detail
    if isinstance(error, asyncio.CancelledError):
        return "server_stopping", "The server was stopped in mid-answer. Your message is kept; ask again."
    if isinstance(error, TimeoutError):
        return "model_timeout", "The answer took too long. Your message is kept; try again."
    status = getattr(error, "status_code", None)
    if status in _STATUS_CODES:
        return _STATUS_CODES[status]
    if status is not None or type(error).__module__.partition(".")[0] in (
        "openai",
        "httpx",
        "langchain_openai",
    ):
        return ModelFailedError.code, ModelFailedError().detail
    return AtriumError.code, "Something went wrong on our side. Your message is kept; try again."
