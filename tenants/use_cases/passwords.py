"""A new password for who has forgotten theirs."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from tenants import attempts
from tenants.attempts import Limit
from tenants.audit import Target, record
from tenants.audit.origin import NOBODY
from tenants.audit.recording import kind_of
from tenants.context import current_tenant
from tenants.letters import send_operators_password_resets, send_password_resets
from tenants.links import may_reset
from tenants.lockout import Attempt
from tenants.models import User

OF_ONE_EMAIL = Limit(3, timedelta(hours=1))
FROM_ONE_ADDRESS = Limit(20, timedelta(hours=1))


def ask_for_new_password(email: str, *, address: str, site: str) -> None:
    """Send the members with this e-mail address a link; on the public host, the operators. Nothing tells the one who
    asks whether there are any.

    For an address that nobody has the same is done, to nobody. Nobody is written to without end: what goes beyond
    the limits is dropped.
    """
    if _is_too_often(email, address):
        return
    asked = list(User.objects.filter(email__iexact=email, is_active=True))
    with transaction.atomic():
        record("password_reset.asked", asked[0] if len(asked) == 1 else Target(kind_of(User)), by=NOBODY)
        task = send_password_resets if current_tenant() else send_operators_password_resets
        task.defer(user_ids=[user.pk for user in asked if may_reset(user)], site=site)


def let_in_again(user: User, address: str) -> None:
    """Who has chosen a new password can sign in at once, also after too many wrong ones."""
    attempts.forget(*(Attempt(name.casefold(), address).pair for name in (user.username, user.email)))


def _is_too_often(email: str, address: str) -> bool:
    keys = {attempts.key_of("reset", "address", address): FROM_ONE_ADDRESS}
    keys[attempts.key_of("reset", "email", email.casefold())] = OF_ONE_EMAIL
    return any(attempts.count(key, limit)[0] > limit.attempts for key, limit in keys.items())
