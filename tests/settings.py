"""The project's settings as the tests use them: developer mode, whatever the machine's environment says."""

import os

for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ATRIUM_EMBEDDING_MODEL", "ATRIUM_SECRET_KEY"):
    os.environ.pop(name, None)  # no test may talk to a real model server
os.environ["ATRIUM_DEBUG"] = "1"
os.environ["ATRIUM_EXAMPLE"] = "1"

from atrium.settings import *  # noqa: E402, F403

DEBUG = False  # as in production: errors are answered, not shown
PASSWORD_HASHERS = ["tests.password_hashing.FewRounds"]
ATRIUM_FORWARDED_ALLOW_IPS = "127.0.0.1"  # no proxy: nothing to warn of
