"""What the embedded chat refuses."""

from __future__ import annotations

import math
from datetime import UTC, datetime, time, timedelta

from tenants.errors import NotAllowed, NotSignedIn


class SiteRefused(NotAllowed):
    """This chat is not open to this page. Its key, its list of allowed pages or its switch says no."""

    code = "site_refused"


class IdentityNeeded(NotAllowed):
    """This chat is for people who are signed in on its page."""

    code = "identity_needed"


class WrongIdentity(NotAllowed):
    """The page's statement about who you are is not valid."""

    code = "wrong_identity"


class IdentityReplayed(WrongIdentity):
    """This statement about who you are was used before. Make a new one for each page view."""

    code = "identity_replayed"


class WrongVisitorToken(NotSignedIn):
    """This visitor's token is not valid (any more). Ask for a new one."""

    code = "wrong_visitor_token"


class TooManyMessages(NotAllowed):
    """You have written as many messages today as this chat takes. Come back tomorrow."""

    status = 429
    code = "site_limit"
    title = "Too many messages"

    @classmethod
    def until_tomorrow(cls, now: datetime) -> TooManyMessages:
        """The refusal, with the seconds until the count starts anew, at midnight in UTC."""
        midnight = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
        return cls(retry_after=max(1, int((midnight - now).total_seconds())))

    @classmethod
    def for_seconds(cls, wait: float) -> TooManyMessages:
        """The refusal of who writes faster than the site's limit of a minute."""
        seconds = math.ceil(wait)
        return cls(f"You are writing faster than this chat can follow. Wait {seconds} s.", retry_after=seconds)
