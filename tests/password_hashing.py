"""Passwords of tests: hashed as a deployment hashes them, but in fewer rounds.

Rounds are there to take time: 0.25 s of CPU for each member that a test makes, and again when one signs in.
"""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class FewRounds(PBKDF2PasswordHasher):
    """Django's own hasher. Its hashes say in how many rounds they were made, as they do with more."""

    iterations = 1_000
