"""The tests' settings with URLs that read a tenant's rows in every way that a view can."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

ROOT_URLCONF = "tests.leaks.urls"
if os.environ.get("LEAKS_BACKEND") == "stock":
    DATABASES["default"]["ENGINE"] = "django_tenants.postgresql_backend"
