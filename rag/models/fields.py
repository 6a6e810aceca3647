"""Column types that Django has no field for."""

from __future__ import annotations

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class RealField(models.FloatField):
    """A float of four bytes, for tables of millions of small rows."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """PostgreSQL's ``real``: six digits."""
        return "real"
