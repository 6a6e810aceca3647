"""Django's sessions in the database, read with a prepared query: every request of a browser asks it."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import CharField, DateTimeField
from django.utils import timezone

from tenants.prepared import Given, Prepared

_CURRENT = Prepared(
    lambda: Session.objects.filter(
        session_key=Given("key", CharField()), expire_date__gt=Given("now", DateTimeField())
    ).values_list("session_data")
)


class SessionStore(db.SessionStore):
    """``SESSION_ENGINE``'s store. Its name is part of the salt that the data is signed with: it stays Django's."""

    def load(self) -> dict[str, Any]:
        """The session's data; of one that has ended or never was, nothing."""
        rows = _CURRENT.rows(key=self.session_key, now=timezone.now())
        if not rows:
            self._session_key = None
            return {}
        return self.decode(rows[0][0])
