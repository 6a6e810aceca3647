"""A visitor's session over HTTP: parse, call, return."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from embed.exceptions import SiteRefused
from embed.look import look_of
from embed.models import Site, site_of_key
from embed.pages import check_page, origin_of, own_origin
from embed.tokens import TOKEN_LIFE, new_token
from embed.use_cases.sessions import end_session, open_session
from tenants.api.auth import address_of
from tenants.budgets.rates import count_request
from tenants.database import in_database

router = Router()

SESSIONS_A_MINUTE = 30  # from one address: people share one, a script does not get far
LONGEST_KEY, LONGEST_RENEWAL, LONGEST_IDENTITY = 64, 100, 8_000  # characters


class SiteIn(Schema):
    """Which chat, on which page."""

    key: str = Field(max_length=LONGEST_KEY, description="The site's public key.")
    origin: str | None = Field(None, max_length=300, description="For our own frame: the page that it stands in.")


class SessionIn(SiteIn):
    """Who comes to it."""

    renewal: str = Field("", max_length=LONGEST_RENEWAL, description="The secret of the session before.")
    identity: str = Field("", max_length=LONGEST_IDENTITY, description="A JWT of the tenant's server: who it is.")


class EndIn(SiteIn):
    """The session that ends."""

    renewal: str = Field(max_length=LONGEST_RENEWAL)


class VisitorOut(Schema):
    """Who the visitor is here."""

    identified: bool
    subject: str
    attributes: dict[str, Any]


class SiteOut(Schema):
    """What the chat says before anybody has asked."""

    name: str
    assistant_id: str
    greeting: str
    starters: list[str]
    consent: str
    fallback: str = Field(description="What to say in the place of an answer that cannot be given.")
    look: dict[str, Any] = Field(description="Colours as CSS variables for light and dark, and all else that is drawn.")


class SessionOut(Schema):
    """A session: a token for the API, and the secret that gets the next one."""

    token: str = Field(description="Send it as Authorization: Bearer, from pages of the same origin.")
    expires_in: int = Field(description="Seconds that the token is good for.")
    renewal: str
    visitor: VisitorOut
    site: SiteOut


@router.post("session/", response={201: SessionOut}, auth=None)
async def begin_session(request: HttpRequest, payload: SessionIn) -> Status:
    """Begin a visitor's session, go on with one, or say who the visitor is."""
    await _count(request)
    return Status(201, await in_database(_open, request, payload))


@router.post("logout/", response={204: None}, auth=None)
async def log_out(request: HttpRequest, payload: EndIn) -> Status:
    """End a session, at once."""
    await _count(request)
    await in_database(_end, request, payload)
    return Status(204, None)


async def _count(request: HttpRequest) -> None:
    await count_request([(f"visitors:{address_of(request)}", SESSIONS_A_MINUTE)])


def _open(request: HttpRequest, asked: SessionIn) -> dict[str, Any]:
    site, origin = _site_for(request, asked)
    opened = open_session(site, asked.renewal, asked.identity)
    visitor = opened.session.visitor
    return {
        "token": new_token(opened.session.pk, origin),
        "expires_in": int(TOKEN_LIFE.total_seconds()),
        "renewal": opened.renewal,
        "visitor": {
            "identified": visitor.is_identified,
            "subject": visitor.subject,
            "attributes": visitor.attributes,
        },
        "site": {**{name: getattr(site, name) for name in SiteOut.model_fields}, "look": look_of(site)},
    }


def _end(request: HttpRequest, asked: EndIn) -> None:
    site, _ = _site_for(request, asked)
    end_session(site, asked.renewal)


def _site_for(request: HttpRequest, asked: SiteIn) -> tuple[Site, str]:
    """The site and the page's origin. An unknown key and a page that is not allowed look alike."""
    site = site_of_key(asked.key)
    sender = origin_of(request)
    # Our own frame says in which page it stands: the browser has told it. Every other page speaks for itself.
    origin = asked.origin if asked.origin is not None and sender == own_origin(request) else sender
    if site is None or origin is None:
        raise SiteRefused
    check_page(request, site, origin)
    return site, origin
