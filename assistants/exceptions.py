"""What assistants refuse. The message is for the person who asked."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from django.core.exceptions import ImproperlyConfigured

from assistants.llm.resilience.provider_errors import ProviderError, is_from_provider, read_error
from tenants.errors import AtriumError, Conflict, NotAllowed, NotFound, Unavailable

TimeLimit = Literal["connect", "first_token", "between_tokens", "total"]
_LONGEST_NAME = 100  # characters of a model's name that are shown


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


class RunWaitingError(Conflict):
    """An answer in this thread waits for a person's approval. Decide on it first, or cancel it."""

    code = "run_waiting"
    title = "The thread waits for a decision"


class ModelFailedError(AtriumError):
    """The model did not answer. Your message is kept; try again."""

    status = 502
    code = "model_failed"
    title = "The model did not answer"

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        model: str = "",
        provider_error: str = "",
        provider_status: int | None = None,
        **facts: object,
    ) -> None:
        super().__init__(detail, code=code, **facts)
        self.model = model
        self.provider_error = provider_error
        self.provider_status = provider_status
        self.attempts: tuple[str, ...] = ()  # what was tried in vain, in order, in the form of ``cause_for_admin``

    @property
    def cause_for_admin(self) -> str:
        """This failure alone: its code, the class of the provider's error, its status, the model's name."""
        status = f"status {self.provider_status}" if self.provider_status else ""
        model = f"model {self.model[:_LONGEST_NAME]}" if self.model else ""
        return ", ".join(filter(None, (self.code, self.provider_error, status, model)))

    @property
    def detail_for_admin(self) -> str:
        """What an administrator needs to mend it. Never a key, and never what was said: no text of the provider's."""
        if len(self.attempts) < 2:
            return self.cause_for_admin
        return f"{self.cause_for_admin}; tried: {'; '.join(self.attempts)}"


class ModelUnreachable(ModelFailedError):
    """The model provider could not be reached. Your message is kept; try again."""

    # The code is ``model_failed``, as it was before there was a class of its own: clients know it.


class ModelTimeout(ModelFailedError):
    """The answer took too long. Your message is kept; try again."""

    code = "model_timeout"

    def __init__(self, detail: str = "", *, which: TimeLimit = "total", **facts: Any) -> None:
        super().__init__(detail, **facts)
        self.which: TimeLimit = which
        self.provider_error = ", ".join(filter(None, (which, self.provider_error)))


class ModelBusy(ModelFailedError):
    """The model provider is busy. Your message is kept; try again in a minute."""

    code = "model_busy"


class ModelKeyRefused(ModelFailedError):
    """The model provider refused this deployment's key. Tell your administrator."""

    code = "model_key_refused"


class ModelUnknown(ModelFailedError):
    """The model provider does not know the model. Tell your administrator."""

    code = "model_unknown"


class ModelRefusedRequest(ModelFailedError):
    """The model provider refused the request; it may be too long. Ask in other words, or begin a new thread."""

    code = "model_refused_request"


class ModelBroke(ModelFailedError):
    """The model provider has a fault on its side. Your message is kept; try again in a minute."""

    code = "model_broke"


class ModelReplyCut(ModelFailedError):
    """The answer broke off before its end. Your message and what was said are kept; try again."""

    code = "model_reply_cut"
    title = "The answer broke off"


class ModelReplyGarbled(ModelFailedError):
    """The model's answer could not be read. Your message is kept; try again, and tell your administrator."""

    code = "model_reply_garbled"


class ModelReplyMisfit(ModelFailedError):
    """The model's answer did not have the wanted structure. Your message is kept; try again."""

    # No ``ModelReplyGarbled``: the provider is well, and its circuit has no part in it.
    code = "model_reply_garbled"


class EmptyAnswerError(ModelFailedError):
    """The model ended without an answer. Your message is kept; try again."""

    code = "empty_answer"


class ApprovalNeededError(Conflict):
    """The assistant wants to do something that a person must approve first, and nobody can be asked here."""

    code = "approval_needed"
    title = "This needs a person's approval"


class ToolRoundsExceededError(AtriumError):
    """The assistant called tools again and again without coming to an answer."""

    status = 502
    code = "tool_rounds_exceeded"
    title = "The assistant did not come to an answer"


class OfflineModelCannotError(Unavailable):
    """The offline model cannot do this by its rules. Configure a model key (OPENAI_API_KEY)."""

    code = "offline_model_cannot"
    title = "This needs a language model"


_OF_STATUS: dict[int, type[ModelFailedError]] = {
    401: ModelKeyRefused,
    402: ModelKeyRefused,  # no credit left: the account's owner mends it
    403: ModelKeyRefused,
    404: ModelUnknown,
    408: ModelTimeout,
    409: ModelBusy,
    410: ModelUnknown,
    425: ModelBusy,
    429: ModelBusy,
    529: ModelBusy,  # Anthropic's "overloaded"
}


def typed(error: BaseException, *, model: str = "", started: bool = False) -> ModelFailedError:
    """What a failed call of a model was, for the error of any client: openai's, httpx's, LangChain's and their like.

    ``started``: some of the answer had come, so what would be "not reached" is "cut". An error of an unknown kind is
    a plain ``ModelFailedError``. Nothing of the error's own text is taken over.
    """
    if isinstance(error, ModelFailedError):
        error.model = error.model or model
        return error
    read = read_error(error)
    facts: dict[str, Any] = {"model": model, "provider_error": read.name, "provider_status": read.status}
    kind = _kind(read)
    if kind is ModelTimeout:
        waited_for: TimeLimit = "between_tokens" if started else "first_token"
        return ModelTimeout(which="connect" if read.kind == "connect_timeout" else waited_for, **facts)
    return ModelReplyCut(**facts) if started and kind is ModelUnreachable else kind(**facts)


def describe_failure(error: BaseException) -> tuple[str, str]:
    """A failed run's stable code and a text for the person who asked: never the provider's words, which may hold
    secrets. The log has the rest."""
    if isinstance(error, AtriumError):
        return error.code, error.detail
    if isinstance(error, asyncio.CancelledError):
        return "server_stopping", "The server was stopped in mid-answer. Your message is kept; ask again."
    if isinstance(error, TimeoutError) or is_from_provider(error):
        failure = typed(error)
        return failure.code, failure.detail
    return AtriumError.code, "Something went wrong on our side. Your message is kept; try again."


def describe_for_admin(error: BaseException) -> str:
    """A failed run's cause for those who can mend it; as little as ``describe_failure`` does it quote anybody."""
    if isinstance(error, ModelFailedError):
        return error.detail_for_admin
    code, _ = describe_failure(error)
    return f"{code}, {type(error).__name__}"


def _kind(read: ProviderError) -> type[ModelFailedError]:
    if read.status is not None:
        return _OF_STATUS.get(read.status) or (ModelBroke if read.status >= 500 else ModelRefusedRequest)
    return {
        "connect_timeout": ModelTimeout,
        "timeout": ModelTimeout,
        "connection": ModelUnreachable,
        "unreadable": ModelReplyGarbled,
    }.get(read.kind, ModelFailedError)
