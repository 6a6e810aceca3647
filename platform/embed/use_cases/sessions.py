"""A visitor's session with a site: opened, renewed, given a name, ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from assistants.models import Thread
from embed.exceptions import IdentityNeeded, IdentityReplayed
from embed.identity.secrets import decrypted
from embed.identity.statements import LEEWAY, Statement, read_statement
from embed.models import Site, UsedIdentity, VisitorDay, VisitorSession
from embed.tokens import digest_of, new_renewal
from tenants.models import Visitor

ANONYMOUS_LIFE = timedelta(days=400)  # browsers keep nothing for longer without a visit, and few so long
IDENTIFIED_LIFE = timedelta(hours=12)  # a person who signs out of the tenant's pages is not known here for ever


@dataclass(frozen=True, slots=True)
class Opened:
    """A session, and the secret with which its browser renews it."""

    session: VisitorSession
    renewal: str


def open_session(site: Site, renewal: str = "", identity: str = "") -> Opened:
    """The visitor's session: the one that ``renewal`` goes on with, one for whom ``identity`` names, or a new one.

    A session that has ended, or was never there, gives way to a new visitor: a browser's memory may be older than what
    is kept here. What an anonymous visitor has said becomes the person's that it turns out to be.

    Raises ``WrongIdentity``, ``IdentityReplayed``, or ``IdentityNeeded`` where nobody chats anonymously.
    """
    try:
        return _open(site, renewal, identity)
    except IntegrityError:  # a conversation began while its visitor went away: this time it is seen
        return _open(site, renewal, identity)


def _open(site: Site, renewal: str, identity: str) -> Opened:
    with transaction.atomic():
        known = _session_of(site, renewal) if renewal else None
        if identity:
            return _identified(site, read_statement(identity, site.public_key, _secret(site), site.identity_key), known)
        if known is not None and (known.visitor.is_identified or not site.wants_identity):
            return Opened(_renewed(known), renewal)
        if site.wants_identity:
            raise IdentityNeeded
        return _begun(site, Visitor.objects.create(site_id=site.pk, seen_at=timezone.now()))


def end_session(site: Site, renewal: str) -> None:
    """Forget the session: its tokens and its renewal are good for nothing from now on. Nothing happens without one."""
    VisitorSession.objects.filter(site=site, digest=digest_of(renewal)).delete()


def _session_of(site: Site, renewal: str) -> VisitorSession | None:
    rows = VisitorSession.objects.select_related("visitor").select_for_update(of=("self",))
    return rows.filter(site=site, digest=digest_of(renewal), expires_at__gt=timezone.now()).first()


def _renewed(session: VisitorSession) -> VisitorSession:
    now = timezone.now()
    if not session.visitor.is_identified:  # a person's ends when it was to end: the page says again who it is
        session.expires_at = now + ANONYMOUS_LIFE
        session.save(update_fields=["expires_at"])
    Visitor.objects.filter(pk=session.visitor_id).update(seen_at=now)
    return session


def _begun(site: Site, visitor: Visitor) -> Opened:
    renewal = new_renewal()
    life = IDENTIFIED_LIFE if visitor.is_identified else ANONYMOUS_LIFE
    session = VisitorSession.objects.create(
        site=site, visitor=visitor, digest=digest_of(renewal), expires_at=timezone.now() + life
    )
    return Opened(session, renewal)


def _identified(site: Site, statement: Statement, known: VisitorSession | None) -> Opened:
    _use_once(site, statement)
    now = timezone.now()
    visitor, is_new = Visitor.objects.get_or_create(
        site_id=site.pk,
        subject=statement.subject,
        defaults={"attributes": dict(statement.attributes), "seen_at": now},
    )
    if not is_new:
        visitor.attributes, visitor.seen_at = dict(statement.attributes), now
        visitor.save(update_fields=["attributes", "seen_at"])
    if known is not None:
        _leave(known, visitor)
    return _begun(site, visitor)


def _use_once(site: Site, statement: Statement) -> None:
    kept_until: datetime = statement.expires_at + LEEWAY
    try:
        with transaction.atomic():
            UsedIdentity.objects.create(site=site, digest=digest_of(statement.jti), expires_at=kept_until)
    except IntegrityError as error:
        raise IdentityReplayed from error


def _leave(session: VisitorSession, visitor: Visitor) -> None:
    """End the browser's session of before. What it said anonymously is the person's; what it said as somebody else is
    not."""
    before = session.visitor
    session.delete()
    if before.is_identified:
        return
    Thread.objects.filter(visitor=before).update(visitor=visitor)
    _erase(before)


def _erase(visitor: Visitor) -> None:
    """Delete a visitor who has said nothing; no conversation goes along, also none that began a moment ago: then the
    transaction fails at its end."""
    for model in (VisitorSession, VisitorDay):
        model.objects.filter(visitor=visitor).delete()
    rows = Visitor.objects.filter(pk=visitor.pk)
    rows._raw_delete(rows.db)  # ``delete`` would look for conversations, and delete those too


def _secret(site: Site) -> str | None:
    return decrypted(site.identity_secret) if site.identity_secret else None
