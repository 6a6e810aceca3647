"""What the access rules say about somebody, explained."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

from tenants.actors import Actor
from tenants.context import require_tenant
from tenants.errors import InvalidInput, NotAllowed, NotFound
from tenants.keys import limits_of
from tenants.members import member_actor, roles_of
from tenants.models import ApiKey, User
from tenants.policies import may_manage_people
from tenants.rules.actions import ACTIONS
from tenants.rules.explain import Explanation, Question, explain
from tenants.rules.plan import bounds_of_plan
from tenants.rules.store import all_rules
from tenants.rules.words import NO_NAMES, Names
from tenants.visitors import attribute_texts, site_assistant

MYSELF = "me"
FORMS = "me, member:<id or user name>, key:<id>, visitor:<site> or identified:<site>?<attribute>=<value>"


def explain_access(asking: Actor, about: str, question: Question, names: Names = NO_NAMES) -> Explanation:
    """May the actor that ``about`` names do this, and which rule says so?

    Owners and admins, and their keys with the scope for it, ask about everybody and see all rules. Everybody asks about
    themselves (``about`` is "me") and sees the rules that apply, without their notes: another one might name what they
    are not to know of.

    Raises
    ------
    InvalidInput
        There is no such action, or ``about`` has none of the forms in ``FORMS``.
    NotAllowed
        The one who asks may ask about itself only.
    NotFound
        There is no such member, key or site.
    """
    if question.action not in ACTIONS:
        raise InvalidInput(f"There is no such action. The actions are: {', '.join(ACTIONS)}.", field="action")
    actor = asking if about == MYSELF else _someone(asking, about)
    explanation = explain(all_rules(), bounds_of_plan(), actor, question, names)
    return explanation if may_manage_people(asking) else _for_the_actor_itself(explanation)


def actor_named(name: str) -> Actor:
    """The actor with this name, in one of the ``FORMS`` but "me". Raises ``InvalidInput`` or ``NotFound``."""
    kind, _, which = name.partition(":")
    if "\x00" in which:  # PostgreSQL takes none in a text
        raise NotFound("Nobody is called so.")
    tenant = require_tenant()
    match kind:
        case "member" if which:
            return member_actor(_member(which))
        case "key" if which:
            key = _key(which)
            return Actor("api_key", tenant, key.user_id, key.pk, roles_of(key.user), key.name, **limits_of(key))
        case "visitor" | "identified":
            return _visitor(which, kind == "identified")
    raise InvalidInput(f"Name the actor as {FORMS}.", field="actor")


def _visitor(which: str, known: bool) -> Actor:
    site, _, query = which.partition("?")
    attributes = dict(parse_qsl(query, keep_blank_values=True)) if known else {}
    assistant = site_assistant(site) if site else None
    if site and assistant is None:
        raise NotFound("There is no such embedded chat.")
    having = "".join(f", whose {name} is {value}" for name, value in attributes.items())
    label = f"{'an identified' if known else 'a'} visitor of {f'site {site}' if site else 'some site'}{having}"
    return Actor(
        "visitor",
        require_tenant(),
        label=label,
        assistants=frozenset({assistant}) if assistant is not None else None,
        site_id=site,
        identified=known,
        attributes=attribute_texts(attributes),
    )


def _someone(asking: Actor, about: str) -> Actor:
    if not may_manage_people(asking):
        raise NotAllowed("Owners and admins ask about others. You can ask about yourself.")
    return actor_named(about)


def _member(which: str) -> User:
    found = User.objects.filter(username=which).first()
    if found is None and which.isdecimal() and len(which) < 19:
        found = User.objects.filter(pk=int(which)).first()
    if found is None:
        raise NotFound("There is no such member.")
    return found


def _key(which: str) -> ApiKey:
    is_number = which.isdecimal() and len(which) < 19
    found = ApiKey.objects.select_related("user").filter(pk=int(which)).first() if is_number else None
    if found is None:
        raise NotFound("There is no such API key.")
    return found


def _for_the_actor_itself(explanation: Explanation) -> Explanation:
    own = [replace(verdict, note="") for verdict in explanation.verdicts if verdict.applies]
    return replace(explanation, verdicts=own)
