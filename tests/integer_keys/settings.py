"""The tests' settings with the project's own config in the place of ``assistants``."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = ["tests.integer_keys.apps.IntegerKeys" if app == "assistants" else app for app in INSTALLED_APPS]
