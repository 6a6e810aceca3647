"""Signing in is tried a few times only: from one address with one user name, and from one address at all.

A user name that does not exist is locked as one that does: the refusal tells nothing about it. Attempts are counted
before the password is looked at, so that many at the same moment are not many guesses.
"""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest

from tenants import attempts
from tenants.attempts import Limit
from tenants.audit import Target, record
from tenants.audit.origin import NOBODY
from tenants.audit.recording import kind_of, target_of
from tenants.context import active_schema
from tenants.models import User

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to sign in: who it is said to be, and where it comes from."""

    username: str
    address: str

    @classmethod
    def of(cls, request: HttpRequest | None, username: str) -> Attempt:
        """From a request; without one the address is empty."""
        return cls(username.strip().casefold(), address_of(request))

    @property
    def pair(self) -> str:
        """The key under which attempts with this name from this address are counted."""
        return attempts.key_of("sign-in", self.username, self.address)

    @property
    def place(self) -> str:
        """The key under which all attempts from this address are counted."""
        return attempts.key_of("sign-in", self.address)

    def begin(self) -> datetime | None:
        """Count the attempt. None if it may be made; else the moment from which on one may be made again."""
        place = attempts.locked_until(self.place, _limit_of_address())
        if place is not None:
            return place
        number, until = attempts.count(self.pair, _limit_of_pair())
        if number > _limit_of_pair().attempts:
            return until
        if number == _limit_of_pair().attempts:
            self._log("one name from one address", until)
        of_address, until = attempts.count(self.place, _limit_of_address())
        if of_address == _limit_of_address().attempts:
            self._log("one address", until)
        return until if of_address > _limit_of_address().attempts else None

    def succeeded(self) -> None:
        """The attempt was right: nothing of it counts, and with this name it can be tried as often as before."""
        attempts.forget(self.pair)
        attempts.take_back(self.place)

    def failed(self, username: str) -> None:
        """The attempt was wrong. The log names the member with this user name, if there is one: what was typed may be
        a password. What is refused because of a lock is no attempt, so there are never many entries."""
        record("sign_in.failed", _target(username), by=NOBODY, address=self.address, alone=True)

    def _log(self, what: str, until: datetime) -> None:
        """Worth knowing for whoever looks after the place. Not the name that was typed: it may be a password."""
        lock = {"of": what, "until": until.isoformat()}
        facts = {"event": "sign_in_locked", "address": self.address, "until": until.isoformat()}
        record("sign_in.locked", _target(self.username), after=lock, by=NOBODY, address=self.address, alone=True)
        log.warning(f"the last attempt to sign in for {what}", extra=facts | {"tenant": active_schema().schema_name})


def address_of(request: HttpRequest | None) -> str:
    """The network address of a request; of IPv6 the network of 64 bits, which one customer has for itself."""
    raw = request.META.get("REMOTE_ADDR", "") if request is not None else ""
    try:
        address = ipaddress.ip_address(raw)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def words_for(until: datetime, now: datetime) -> str:
    """The refusal, with the time to wait."""
    minutes = max(1, -(-int((until - now).total_seconds()) // 60))
    return f"Too many attempts. Try again in {minutes} minute{'' if minutes == 1 else 's'}."


def _target(username: str) -> Target:
    """The member who is meant; for a name that nobody has, nobody."""
    user = User.objects.filter(Q(username__iexact=username) | Q(email__iexact=username)).order_by("pk").first()
    return target_of(user) if user is not None else Target(kind_of(User))


def _limit_of_pair() -> Limit:
    return Limit(settings.ATRIUM_SIGN_IN_ATTEMPTS, timedelta(minutes=settings.ATRIUM_SIGN_IN_LOCK_MINUTES))


def _limit_of_address() -> Limit:
    return Limit(settings.ATRIUM_SIGN_IN_ADDRESS_ATTEMPTS, timedelta(minutes=settings.ATRIUM_SIGN_IN_LOCK_MINUTES))
