"""Atrium as if a later version had come: the example app has two more migrations, one of SQL, one of Python."""

MIGRATION_MODULES = {"example": "tests.next_version.migrations"}
