"""A visitor who sends a request, and the messages of a day."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from embed.exceptions import TooManyMessages, WrongVisitorToken
from embed.models import Site, SiteDay, VisitorDay, VisitorSession
from embed.pages import check_page
from embed.tokens import read_token
from tenants.actors import Actor
from tenants.budgets.rates import seconds_to_wait
from tenants.visitors import visitor_actor

LIMITS = ("messages_a_minute", "messages_a_day", "messages_a_day_in_all")


def visitor_of_token(request: HttpRequest, token: str) -> Actor:
    """The visitor whose token it is, on a page where it is good. One query.

    Raises ``WrongVisitorToken``, or ``SiteRefused`` where the request comes from another page than the token's, or the
    site is not open to that page any more.
    """
    parts = read_token(token)
    if parts is None:
        raise WrongVisitorToken
    rows = VisitorSession.objects.select_related("visitor", "site")
    session = rows.filter(pk=parts.session_id).first()
    if session is None or (session.site.wants_identity and not session.visitor.is_identified):
        raise WrongVisitorToken
    check_page(request, session.site, parts.origin)
    request.user = AnonymousUser()  # never a member whose session came along
    return visitor_actor(session.visitor, session.site.assistant_id)


def count_message(actor: Actor) -> None:
    """Count a visitor's message at its own limits, of a minute and a day, and its site's of the day. Others are not
    counted here.

    Raises ``TooManyMessages``. Three statements, each of which counts only below its limit.
    """
    if actor.kind != "visitor" or actor.visitor_id is None:
        return
    limits = Site.objects.filter(pk=actor.site_id).values_list(*LIMITS).first()
    if limits is None:
        return
    a_minute, each, in_all = limits
    wait = seconds_to_wait([(f"visitor:{actor.visitor_id}", a_minute)]) if a_minute else 0
    if wait > 0:
        raise TooManyMessages.for_seconds(wait)
    if not (_counted(VisitorDay, actor.visitor_id, each) and _counted(SiteDay, actor.site_id, in_all)):
        raise TooManyMessages.until_tomorrow(timezone.now())


def _counted(model: type[Model], whose: int | str | None, limit: int | None) -> bool:
    """One more today, unless there are ``limit`` already."""
    [owner] = [str(field.column) for field in model._meta.concrete_fields if field.is_relation]
    table, owner = connection.ops.quote_name(model._meta.db_table), connection.ops.quote_name(owner)
    # The names are those of our own tables and columns.
    insert = f"INSERT INTO {table} AS one ({owner}, day, messages) VALUES (%s, %s, 1)"  # noqa: S608
    update = f"ON CONFLICT ({owner}, day) DO UPDATE SET messages = one.messages + 1"
    below = " WHERE one.messages < %s" if limit is not None else ""
    values = [whose, timezone.now().date(), *([limit] if limit is not None else [])]
    with connection.cursor() as cursor:
        cursor.execute(f"{insert} {update}{below}", values)
        return cursor.rowcount == 1
