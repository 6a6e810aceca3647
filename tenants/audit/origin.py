"""Where an act comes from: which request or job, and who is behind it."""

from __future__ import annotations

import getpass
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from tenants.actors import Actor
from tenants.context import active_schema
from tenants.models import AuditEntry, User

Kind, Via = AuditEntry.Kind, AuditEntry.Via


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts, as the log names it."""

    kind: str
    id: int | None = None
    label: str = ""


NOBODY = Who(Kind.NOBODY)
"""Somebody who has not signed in."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The door that an act came in by. ``address`` is the network address as the server sees it.

    The request itself is held loosely: work that outlives it, such as an answer that is being written, keeps neither it
    nor what was uploaded with it.
    """

    via: str
    address: str = ""
    request_id: str = ""
    job: str = ""
    request: weakref.ref[HttpRequest] | None = None


_origin: ContextVar[Origin | None] = ContextVar("atrium_origin", default=None)


@contextmanager
def from_request(request: HttpRequest) -> Iterator[None]:
    """Acts in the block come from this request."""
    address, request_id = request.META.get("REMOTE_ADDR", ""), getattr(request, "id", "")
    with _from(Origin(_door(request.path), address[:45], request_id, request=weakref.ref(request))):
        yield


@contextmanager
def from_job(name: str) -> Iterator[None]:
    """Acts in the block come from this job."""
    with _from(Origin(Via.JOB, job=name)):
        yield


@contextmanager
def _from(origin: Origin) -> Iterator[None]:
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def current_origin() -> Origin:
    """Where the running work comes from; without a request or a job, from the command line."""
    return _origin.get() or Origin(Via.COMMAND)


def who_acts(by: Actor | User | Who | None, origin: Origin) -> Who:
    """Who is behind an act: the one that the use case names; else the one who is signed in to the request."""
    if isinstance(by, Who):
        return by
    if isinstance(by, User):
        return _person(by.pk, by.get_username(), is_operator=active_schema().is_public)
    if isinstance(by, Actor) and by.kind == "api_key":
        return Who(Kind.API_KEY, by.api_key_id, _key_label(by))
    if isinstance(by, Actor) and by.kind == "member":
        return Who(Kind.MEMBER, by.user_id, by.label)
    request = origin.request() if origin.request is not None else None
    if request is not None:
        return _who_asks(request)
    return Who(Kind.SYSTEM, None, origin.job or _account())


def _who_asks(request: Any) -> Who:
    is_operator = request.tenant.is_public
    operator = getattr(request, "operator", None)
    if operator is not None:
        return _person(operator.user_id, operator.label, is_operator)
    actor = getattr(request, "actor", None)
    if actor is not None and actor.kind in ("member", "api_key"):
        return who_acts(actor, Origin(""))
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return _person(user.pk, user.get_username(), is_operator)
    return NOBODY


def _person(key: int, label: str, is_operator: bool) -> Who:
    if not is_operator:
        return Who(Kind.MEMBER, key, label)
    # What an operator does inside a tenant stands in the tenant's log, too; which of them it was, in their own.
    return Who(Kind.OPERATOR, key, label) if active_schema().is_public else Who(Kind.OPERATOR)


def _key_label(actor: Actor) -> str:
    name = User.objects.filter(pk=actor.user_id).values_list("username", flat=True).first() if actor.user_id else None
    return f"{actor.label} (for {name})" if name else actor.label


def _door(path: str) -> str:
    if path.startswith(("/api/", "/v1/")):
        return Via.API
    return Via.CONSOLE if path.startswith("/admin/") else Via.PAGE


def _account() -> str:
    """The account of the operating system that a command runs under; a container may have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""
