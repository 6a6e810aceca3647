"""The type of key that this project's AppConfig asks for, for the first migration."""

from __future__ import annotations

from django.apps import apps
from django.db.models import AutoField
from django.utils.module_loading import import_string


def primary_key() -> AutoField:
    """A primary key of the app's ``default_auto_field``.

    The migration asks for it, so that a project with another AppConfig gets its own kind of key without a migration
    of its own inside an installed package.
    """
    field_class = import_string(apps.get_app_config("assistants").default_auto_field)
    return field_class(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")
