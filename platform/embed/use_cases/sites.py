"""Sites: made, changed, deleted, with the access rules that let their visitors in."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils.text import slugify

from embed.identity.secrets import encrypted, new_secret
from embed.identity.statements import algorithm_of
from embed.languages import as_language
from embed.look import checked_look
from embed.models import Site
from embed.origins import as_pattern
from tenants.actors import Actor
from tenants.audit import delete_recorded, record, save_recorded
from tenants.errors import InvalidInput, NotAllowed
from tenants.models import AccessRule, Visitor
from tenants.policies import may_manage_people
from tenants.rules.actions import MESSAGES, READ_COLLECTION, THREADS, USE_ASSISTANT

MOST_ORIGINS, MOST_STARTERS, MOST_LANGUAGES = 50, 6, 30
NOTE = "Made with the embedded chat {}."


def save_site(actor: Actor, site: Site, collections: Collection[str] = ()) -> Site:
    """Store a site. With a new one come the access rules that its visitors need; ``collections`` (ids) are those that
    its assistant may quote to them. Later, the rules are the administrators' own: here they only follow the site's
    assistant, and who may chat.

    Raises ``NotAllowed``, or ``InvalidInput`` with the field that is wrong.
    """
    check_may_manage(actor)
    _check(site)
    with transaction.atomic():
        if site._state.adding:
            site.pk = _free_id(site.name)
            save_recorded(site, by=actor)
            _make_rules(actor, site, collections)
        else:
            _follow(actor, site, before=Site.objects.select_for_update().get(pk=site.pk))
            save_recorded(site, by=actor)
    return site


def delete_site(actor: Actor, site: Site) -> None:
    """Delete the site, its visitors with all that they have said, and its access rules. Raises ``NotAllowed``."""
    check_may_manage(actor)
    with transaction.atomic():
        Visitor.objects.filter(site_id=site.pk).delete()
        for rule in AccessRule.objects.filter(site_id=site.pk):
            delete_recorded(rule, by=actor)
        delete_recorded(site, by=actor)


def new_identity_secret(actor: Actor, site: Site) -> str:
    """Give the site a new secret in the place of the one before, and return it: it is not shown again."""
    check_may_manage(actor)
    secret = new_secret()
    with transaction.atomic():
        site.identity_secret = encrypted(secret)
        site.save(update_fields=["identity_secret"])
        record("site.secret_made", site, by=actor)
    return secret


def check_may_manage(actor: Actor) -> None:
    """Raises ``NotAllowed`` for who is no owner or administrator: a site lets strangers in."""
    if not may_manage_people(actor):
        raise NotAllowed("Owners and admins manage embedded chats.")


def _check(site: Site) -> None:
    site.origins = _once([as_pattern(each) for each in site.origins])
    site.starters = _once([each.strip() for each in site.starters])
    if not site.origins:
        raise InvalidInput("Name at least one page that may show this chat: https://www.example.com", field="origins")
    if len(site.origins) > MOST_ORIGINS:
        raise InvalidInput(f"Name at most {MOST_ORIGINS} origins. A pattern such as https://*.example.com stands for "
                           "many.", field="origins")  # fmt: skip
    site.languages = _once([as_language(each) for each in site.languages])
    site.look = checked_look(site.look)
    if len(site.languages) > MOST_LANGUAGES:
        raise InvalidInput(f"Name at most {MOST_LANGUAGES} languages.", field="languages")
    if len(site.starters) > MOST_STARTERS:
        raise InvalidInput(f"Give at most {MOST_STARTERS} questions.", field="starters")
    site.identity_key = site.identity_key.strip()
    if site.identity_key:
        algorithm_of(site.identity_key)


def _once(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _free_id(name: str) -> str:
    """From the name, and another number where that is taken: the id is what rules and budgets show to people."""
    wanted = slugify(name)[:50] or "site"
    taken = set(Site.objects.filter(pk__startswith=wanted).values_list("pk", flat=True))
    # The rules and visitors of a site are found by its id: that of one whose rules are still there is not free.
    taken |= set(AccessRule.objects.filter(site_id__startswith=wanted).values_list("site_id", flat=True))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(each for each in [wanted, *numbered] if each not in taken)


def _audience(site: Site) -> str:
    return AccessRule.Audience.IDENTIFIED if site.wants_identity else AccessRule.Audience.VISITORS


def _make_rules(actor: Actor, site: Site, collections: Collection[str]) -> None:
    note = NOTE.format(site.name)[:255]
    shared = {"audience": _audience(site), "site_id": site.pk, "note": note}
    rules = [
        AccessRule(action=USE_ASSISTANT, assistant_id=site.assistant_id, **shared),
        AccessRule(action=THREADS, **shared),
        AccessRule(action=MESSAGES, **shared),
    ]
    for each in collections:
        rules.append(AccessRule(action=READ_COLLECTION, assistant_id=site.assistant_id, resource=each, **shared))
    for rule in rules:
        save_recorded(rule, by=actor)


def _follow(actor: Actor, site: Site, before: Site) -> None:
    """Let the rules that were made with the site be about its assistant and its visitors of now."""
    for rule in AccessRule.objects.filter(site_id=site.pk, effect=AccessRule.Effect.ALLOW):
        if rule.assistant_id == before.assistant_id:
            rule.assistant_id = site.assistant_id
        if rule.audience == _audience(before) and not rule.attribute:  # only those who are known have attributes
            rule.audience = _audience(site)
        save_recorded(rule, by=actor)
