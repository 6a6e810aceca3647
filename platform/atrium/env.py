"""The only reader of ``os.environ``: every variable that Atrium knows, typed, with its default and its meaning.

``VARIABLES`` is the one list. ``.env.example`` and the deployment files are checked against it by a test.
A value that cannot be read stops the start with a line that names the variable and says what is expected.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ImproperlyConfigured

MAIL_SECURITY = ("starttls", "tls", "none")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def _text(raw: str) -> str:
    return raw.strip()


def _flag(raw: str) -> bool:
    value = raw.strip().lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off", ""):
        return False
    raise ValueError("expected 1 or 0 (also true/false, yes/no, on/off)")


def _whole(raw: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", raw.strip()):
        raise ValueError("expected a whole number, such as 20")
    return int(raw)


def _audit_days(raw: str) -> int:
    days = _whole(raw)
    if 0 < days < 90:  # tenants/audit/retention.py: the database keeps to it, too
        raise ValueError("expected 0, or a whole number of at least 90")
    return days


def _seconds(raw: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]*)?", raw.strip()):
        raise ValueError("expected a number of seconds, such as 10 or 2.5")
    return float(raw)


def _level(raw: str) -> str:
    level = raw.strip().upper()
    if level not in LOG_LEVELS:
        raise ValueError(f"expected one of {', '.join(LOG_LEVELS)}")
    return level


def _prices(raw: str) -> dict[str, Any]:
    """What is in the object is checked by ``assistants.llm.prices``. Numbers stay as they were written."""
    try:
        prices = json.loads(raw, parse_float=Decimal)
    except ValueError:
        prices = None
    if not isinstance(prices, dict):
        raise ValueError('expected a JSON object, such as {"gpt-4o-mini*": {"in": 0.15, "out": 0.6}}')
    return prices


def _words(raw: str) -> list[str]:
    return [word.strip() for word in raw.split(",") if word.strip()]


def _fernet_keys(raw: str) -> tuple[str, ...]:
    words = tuple(_words(raw))
    for word in words:
        try:
            length = len(base64.b64decode(word, altchars=b"-_", validate=True))
        except ValueError:
            length = 0
        if length != 32:
            raise ValueError("expected keys of 32 bytes in URL-safe base64 (44 characters), with commas between them")
    return words


def _ports(raw: str) -> tuple[int, ...]:
    words = _words(raw)
    if not all(re.fullmatch("[0-9]{1,5}", word) and 0 < int(word) < 65536 for word in words):
        raise ValueError("expected port numbers with commas between them, such as 80,443")
    return tuple(int(word) for word in words)


def _mail_security(raw: str) -> str:
    kind = raw.strip().lower()
    if kind not in MAIL_SECURITY:
        raise ValueError(f"expected one of {', '.join(MAIL_SECURITY)}")
    return kind


@dataclass(frozen=True)
class Variable:
    """One environment variable: its name, how it is read, what holds without it and what it is for."""

    name: str
    read: Callable[[str], Any]
    default: Any
    meaning: str


VARIABLES: tuple[Variable, ...] = (
    Variable("ATRIUM_DEBUG", _flag, False, "Developer mode: plain HTTP, local hosts, a throw-away secret key."),
    Variable("ATRIUM_SECRET_KEY", _text, "", "Signs sessions and tokens. At least 50 random characters."),
    Variable("ATRIUM_SECRET_KEY_FALLBACKS", _words, [], "Older secret keys that still verify, while keys rotate."),
    Variable(
        "ATRIUM_ENCRYPTION_KEYS",
        _fernet_keys,
        (),
        "Encrypt tenants' provider keys: the first one encrypts, all of them decrypt.",
    ),
    Variable("ATRIUM_PUBLIC_HOST", _text, "", "The operators' host name, without scheme or port."),
    Variable("ATRIUM_ALLOWED_HOSTS", _words, [], "Host names that are served; a leading dot takes in sub-domains."),
    Variable("ATRIUM_CSRF_TRUSTED_ORIGINS", _words, [], "Origins (https://...) that may post forms."),
    Variable(
        "ATRIUM_INSECURE_HTTP",
        _flag,
        False,
        "Serve over plain HTTP: no HSTS, no redirect. Only behind a wall.",
    ),
    Variable(
        "DATABASE_URL",
        _text,
        "",
        "postgresql://user:password@host:port/name. Empty: a PostgreSQL of our own.",
    ),
    Variable("ATRIUM_DATA_DIR", _text, ".data", "Folder of the local PostgreSQL, logs and demo.json."),
    Variable("ATRIUM_DATABASE_POOL_MIN", _whole, 2, "Connections that a process keeps open."),
    Variable("ATRIUM_DATABASE_POOL_MAX", _whole, 20, "Connections that a process may open at most."),
    Variable("ATRIUM_DATABASE_TIMEOUT", _seconds, 10.0, "Seconds to wait for a connection before giving up."),
    Variable(
        "ATRIUM_TENANT_ROLES",
        _flag,
        True,
        "A PostgreSQL role for each tenant, a second wall. Off: where the database's user may not create roles.",
    ),
    Variable("ATRIUM_TOOL_THREADS", _whole, 32, "Threads for tools that are not async, in one process."),
    Variable("ATRIUM_WORKER_CONCURRENCY", _whole, 4, "Jobs that one worker runs at the same time."),
    Variable(
        "REDIS_URL",
        _text,
        "",
        "redis://:password@host:port/0 of a Redis that counts requests for rate limits. Empty: the database counts.",
    ),
    Variable("ATRIUM_DOCUMENTS_AT_ONCE", _whole, 2, "Documents of one tenant that are taken in at the same time."),
    Variable("ATRIUM_EXTRACTION_PROCESSES", _whole, 2, "Documents that one worker reads at the same time, each apart."),
    Variable("ATRIUM_EXTRACTION_MEMORY_MB", _whole, 1024, "Memory that reading one document may take, in MB."),
    Variable("ATRIUM_EXTRACTION_SECONDS", _seconds, 60.0, "Seconds that reading one document may take."),
    Variable("OPENAI_API_KEY", _text, "", "Key of an OpenAI-compatible server. Empty: the offline model answers."),
    Variable("OPENAI_BASE_URL", _text, "", "Address of an OpenAI-compatible server, with /v1. Empty: OpenAI's own."),
    Variable("ATRIUM_CHAT_MODEL", _text, "", "Chat model for assistants that name none of their own."),
    Variable("AI_ASSISTANT_MODEL_FALLBACKS", _words, [], "Chat models that are asked when the first does not answer."),
    Variable("AI_ASSISTANT_MODEL_RETRIES", _whole, 2, "Further attempts at each model before it has said anything."),
    Variable("AI_ASSISTANT_MODEL_FIRST_TOKEN_SECONDS", _seconds, 60.0, "Seconds that a model may take to begin."),
    Variable("AI_ASSISTANT_MODEL_BETWEEN_TOKENS_SECONDS", _seconds, 30.0, "Seconds that a model may pause in a reply."),
    Variable("AI_ASSISTANT_MODEL_TOTAL_SECONDS", _seconds, 240.0, "Seconds for a reply with all attempts at it."),
    Variable("ATRIUM_EMBEDDING_MODEL", _text, "", "Embedding model. Empty: the built-in offline embedder."),
    Variable("ATRIUM_EMBEDDING_DIMENSION", _whole, 1536, "Length of the embedding model's vectors."),
    Variable("ATRIUM_RERANKER", _text, "", "Dotted path of a reranker's class. Empty: searches are not reranked."),
    Variable(
        "ATRIUM_MODEL_PRICES",
        _prices,
        {},
        'US dollars per million tokens, as JSON: {"model or beginning*": {"in": 1, "out": 2, "cached_in": 0.5}}.',
    ),
    Variable(
        "ATRIUM_NETWORK_ALLOW",
        _words,
        [],
        "Hosts and networks that tenants' addresses may lead to though they are not public, each with :port or not.",
    ),
    Variable(
        "ATRIUM_NETWORK_PORTS",
        _ports,
        (80, 443, 8000, 8080, 8443),
        "Ports that tenants' addresses may name.",
    ),
    Variable("ATRIUM_UPLOAD_MB", _whole, 200, "Megabytes of one request with files, all of them together."),
    Variable("ATRIUM_EXAMPLE", _flag, False, "Install the example app: an issue tracker, with assistants for it."),
    Variable("ATRIUM_RUN_TIMEOUT", _seconds, 300.0, "Seconds that one answer may take at the most."),
    Variable("ATRIUM_RUN_WAIT_DAYS", _whole, 7, "Days that a run waits for approval, then it expires; 0: for ever."),
    Variable("ATRIUM_RUN_EVENTS_DAYS", _whole, 30, "Days that an ended run's events are kept; 0: for ever."),
    Variable("ATRIUM_AUDIT_DAYS", _audit_days, 0, "Days that the audit log is kept, at least 90; 0: for ever."),
    Variable("ATRIUM_EMAIL_HOST", _text, "", "Mail server. Empty: e-mails are written to the worker's output."),
    Variable("ATRIUM_EMAIL_PORT", _whole, 587, "The mail server's port."),
    Variable("ATRIUM_EMAIL_USER", _text, "", "Name to sign in with at the mail server."),
    Variable("ATRIUM_EMAIL_PASSWORD", _text, "", "Password to sign in with at the mail server."),
    Variable("ATRIUM_EMAIL_SECURITY", _mail_security, "starttls", "starttls, tls or none: how the mail server is met."),
    Variable("ATRIUM_EMAIL_FROM", _text, "Atrium <atrium@localhost>", "Sender of the e-mails."),
    Variable("ATRIUM_SIGN_IN_ATTEMPTS", _whole, 5, "Wrong passwords for one user name from one address, then a lock."),
    Variable("ATRIUM_SIGN_IN_ADDRESS_ATTEMPTS", _whole, 50, "Wrong passwords from one address, then a lock."),
    Variable("ATRIUM_SIGN_IN_LOCK_MINUTES", _whole, 15, "Minutes that such a lock lasts, and that attempts count."),
    Variable("ATRIUM_HEARTBEAT_EVERY", _seconds, 3.0, "Seconds between two signs of life of a server process."),
    Variable("ATRIUM_DEAD_AFTER", _seconds, 12.0, "Seconds without one after which others take over its answers."),
    Variable(
        "FORWARDED_ALLOW_IPS",
        _text,
        "",
        "Read by uvicorn: addresses of the proxies whose X-Forwarded-For is believed. Empty: 127.0.0.1.",
    ),
    Variable("ATRIUM_LOG_LEVEL", _level, "INFO", "DEBUG, INFO, WARNING or ERROR."),
    Variable("ATRIUM_LOG_JSON", _flag, True, "One JSON object a log line; off: plain text for a terminal."),
    Variable("ATRIUM_STATIC_ROOT", _text, "staticfiles", "Folder that collectstatic fills and the server serves."),
)

_BY_NAME = {variable.name: variable for variable in VARIABLES}


class Environment:
    """Typed access to the declared variables of ``source`` (the process' environment by default)."""

    def __init__(self, source: Mapping[str, str] | None = None) -> None:
        self._source = os.environ if source is None else source

    def __getitem__(self, name: str) -> Any:
        """The value of a declared variable. Raises ``ImproperlyConfigured`` when it cannot be read."""
        variable = _BY_NAME[name]
        raw = self._source.get(name)
        if raw is None or (not raw.strip() and variable.read is not _words):
            return variable.default
        try:
            return variable.read(raw)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: {error}. It is for: {variable.meaning}") from error


def child_environment(**changes: str) -> dict[str, str]:
    """The environment for a child process: this one's, with ``changes`` on top."""
    return {**os.environ, **changes}


def set_defaults(values: Mapping[str, str]) -> None:
    """Set variables that are not set (or empty), for this process and its children."""
    for name, value in values.items():
        if not os.environ.get(name):
            os.environ[name] = value


def set_default_settings_module() -> None:
    """Name the settings for entry points that Django does not start itself (``manage.py``, ASGI)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "atrium.settings")
