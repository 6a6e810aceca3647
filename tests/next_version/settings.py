"""The tests' settings, for child processes of the next version."""

from tests.next_version import MIGRATION_MODULES as NEXT
from tests.settings import *  # noqa: F403

MIGRATION_MODULES = NEXT
