"""The project's settings with the assistants that only a benchmark offers."""

from atrium.settings import *  # noqa: F403
from atrium.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.peer_app"]
