"""What an error of a provider's client says about the call that it ended.

Errors are known by their attributes and by the names of their classes, so that no client needs to be imported: there
are openai's, anthropic's and google's, LangChain's over them, and httpx's (two packages) under them. What one of them
wraps in its own error is found by following the causes. An error's text is never read: it may quote a key or what
was said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["status", "connect_timeout", "timeout", "connection", "unreadable", "unknown"]

_MOST_CAUSES = 10
_CONNECT_TIMEOUTS = {"ConnectTimeout", "PoolTimeout"}
_TIMEOUTS = {"TimeoutError", "TimeoutException", "APITimeoutError", "ModelTimeoutError", "DeadlineExceeded"}
_CONNECTIONS = {"APIConnectionError", "ConnectionError", "ModelConnectionError", "RequestError", "SSLError", "gaierror"}
_UNREADABLE = {
    "APIResponseValidationError",
    "DecodingError",
    "JSONDecodeError",
    "OutputParserException",
    "UnicodeDecodeError",
    "ValidationError",
}
# What the clients' code runs into when a server sends JSON that has another shape than the protocol's.
_STUMBLES = {"AttributeError", "LookupError", "TypeError", "ValueError"}
# An error that comes inside a stream has no HTTP status of its own: these are the protocols' words for it.
_STATUS_OF_WORD = {
    "api_error": 500,
    "authentication_error": 401,
    "insufficient_quota": 429,
    "invalid_request_error": 400,
    "not_found_error": 404,
    "overloaded_error": 529,
    "permission_error": 403,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "server_error": 500,
}
# LangChain's own classes, which other providers' errors may carry instead of a status.
_STATUS_OF_NAME = {
    "ContextOverflowError": 400,
    "ModelInvalidRequestError": 400,
    "ModelAuthenticationError": 401,
    "ModelPermissionDeniedError": 403,
    "ModelNotFoundError": 404,
    "ModelRateLimitError": 429,
    "ModelAPIError": 500,
}
_PACKAGES = {
    "anthropic",
    "google",
    "httpx",
    "httpx2",
    "langchain_anthropic",
    "langchain_google_genai",
    "langchain_openai",
    "openai",
}


@dataclass(frozen=True, slots=True)
class ProviderError:
    """``status`` is the HTTP status, 400 to 599, and given where ``kind`` is "status"; ``name`` the error's class."""

    kind: Kind
    name: str
    status: int | None = None


def read_error(error: BaseException) -> ProviderError:
    """What went wrong in a call of a model. For an error that came out of such a call, whatever its class is."""
    causes = list(causes_of(error))
    name = type(error).__name__
    for status_by in (_http_status, _said_status, _named_status):
        if status := next(filter(None, map(status_by, causes)), None):
            return ProviderError("status", name, status)
    names = [_class_names(cause) for cause in causes]
    everywhere = set().union(*names)
    # These two are wrapped in more general errors, so the innermost word counts.
    if everywhere & _CONNECT_TIMEOUTS:
        return ProviderError("connect_timeout", name)
    if everywhere & _UNREADABLE:
        return ProviderError("unreadable", name)
    for known in names:  # of the others the outermost: under a refused connection may be a socket's time-out
        if known & _TIMEOUTS:
            return ProviderError("timeout", name)
        if known & _CONNECTIONS:
            return ProviderError("connection", name)
    return ProviderError("unreadable" if names[0] & _STUMBLES else "unknown", name)


def is_from_provider(error: BaseException) -> bool:
    """Whether the error is of a provider's client at all, where it could as well be anybody's."""
    return getattr(error, "status_code", None) is not None or type(error).__module__.partition(".")[0] in _PACKAGES


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from, what that was raised from, and so on."""
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__


def headers_of(error: BaseException) -> Mapping[str, str]:
    """The headers of the response that the error is about, names in any case; none where there was no response."""
    for cause in causes_of(error):
        headers = getattr(getattr(cause, "response", None), "headers", None)
        if headers is not None:
            return {str(name).lower(): str(value) for name, value in dict(headers).items()}
    return {}


def _class_names(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def _http_status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    # ``code`` and ``status`` are numbers in google's errors and aiohttp's; openai's ``code`` is a word
    found = [(error, "status_code"), (response, "status_code"), (error, "code"), (error, "status")]
    values = (getattr(source, name, None) for source, name in found)
    return next((int(value) for value in values if isinstance(value, int) and 400 <= value <= 599), None)


def _said_status(error: BaseException) -> int | None:
    """The status that the body of an error names, as a number or in the protocols' words."""
    body = getattr(error, "body", None)
    inner = body.get("error") if isinstance(body, Mapping) else None
    for source in (vars(error), body, inner):
        if isinstance(source, Mapping):
            for word in (source.get("code"), source.get("type")):
                if status := _as_status(word):
                    return status
    return None


def _named_status(error: BaseException) -> int | None:
    return next((status for name, status in _STATUS_OF_NAME.items() if name in _class_names(error)), None)


def _as_status(word: Any) -> int | None:
    if isinstance(word, str) and word.isascii() and word.isdigit() and len(word) == 3:
        word = int(word)
    if isinstance(word, int):
        return word if 400 <= word <= 599 else None
    return _STATUS_OF_WORD.get(word) if isinstance(word, str) else None
