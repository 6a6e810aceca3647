"""Who calls a use case: as Atrium decides (an actor), and as permission functions of a project know them (a user)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from assistants.tenant_assistants import TenantAssistants, assistants_here
from tenants.actors import Actor, acting_actor
from tenants.api.auth import actor_of
from tenants.context import active_schema, require_tenant
from tenants.members import member_actor
from tenants.rules.book import rule_book
from tenants.rules.decide import Decision
from tenants.rules.rule_set import RuleSet


class Caller:
    """A user, a request, an actor: what was given, and the rest read when somebody asks for it.

    Parameters
    ----------
    user
        A member, an ``AnonymousUser`` or None. Where only ``actor`` is given, the member behind it.
    request
        The request that led here, if any.
    actor
        Who acts, where that is known. Else the actor of the request, or of the run that this work belongs to, if it is
        the same user's; else the actor that the user is.
    """

    def __init__(self, user: Any = None, request: HttpRequest | None = None, actor: Actor | None = None) -> None:
        self._user = user
        self.request = request
        self._actor = actor or self._actor_known_already()

    @classmethod
    def of(cls, who: Actor | Caller) -> Caller:
        """``who`` as a caller."""
        return who if isinstance(who, Caller) else cls(actor=who)

    @classmethod
    def of_request(cls, request: HttpRequest) -> Caller:
        """Who sent an authenticated request."""
        return cls(request.user, request, actor_of(request))

    @cached_property
    def actor(self) -> Actor:
        """Who acts. At most one query, for a member's roles."""
        if self._actor is not None:
            return self._actor
        return member_actor(self._user) if _is_signed_in(self._user) else Actor("visitor", require_tenant())

    @cached_property
    def rules(self) -> RuleSet:
        """The tenant's access rules, read once a caller. No query where the process keeps them."""
        return rule_book.rules()

    @cached_property
    def assistants(self) -> TenantAssistants:
        """The tenant's assistants, read once a caller. No query where the process keeps them."""
        return assistants_here()

    def decide(self, action: str, assistant_id: str = "", resource: str = "") -> Decision:
        """What the rules say about the caller."""
        return self.rules.decide(self.actor, action, assistant_id, resource)

    @cached_property
    def user(self) -> Any:
        """What permission functions get as ``user``. At most one query."""
        if self._user is not None or self.user_id is None:
            return self._user or AnonymousUser()
        return get_user_model().objects.filter(pk=self.user_id).first() or AnonymousUser()

    @property
    def user_id(self) -> Any:
        """The member's key, or None. Never a query."""
        return self._actor.user_id if self._actor else _key_of(self._user)

    @property
    def api_key_id(self) -> int | None:
        """The key of the API key that acts as itself or for a member, or None. Never a query."""
        return self._actor.api_key_id if self._actor else None

    @property
    def visitor_id(self) -> int | None:
        """The visitor of an embedded chat, or None. Never a query."""
        return self._actor.visitor_id if self._actor else None

    @property
    def is_signed_in(self) -> bool:
        """Members and API keys are. Never a query."""
        return self._actor.is_signed_in if self._actor else _is_signed_in(self._user)

    def reaches(self, assistant_id: str) -> bool:
        """False for an API key that was made for other assistants. Never a query."""
        return self._actor is None or self._actor.reaches(assistant_id)

    def _actor_known_already(self) -> Actor | None:
        for actor in (getattr(self.request, "actor", None), acting_actor()):
            # Another user's actor, or another tenant's whose user has the same number, would lend its roles.
            if (
                isinstance(actor, Actor)
                and actor.user_id == _key_of(self._user)
                and actor.tenant.schema_name == active_schema().schema_name
            ):
                return actor
        return None


def _is_signed_in(user: Any) -> bool:
    return bool(getattr(user, "is_authenticated", False))


def _key_of(user: Any) -> Any:
    return user.pk if _is_signed_in(user) else None
