"""Encryption of providers' keys at rest, by keys that can be changed: ``ATRIUM_ENCRYPTION_KEYS``.

The first key encrypts; all of them decrypt. Fernet is AES-128 in CBC mode with HMAC-SHA256
(https://github.com/fernet/spec).
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from tenants.credentials.errors import CredentialUnreadable, EncryptionNotSetUp

_HINT = 4  # characters of a key that are shown, of one that is long enough to spare them
_LONG_ENOUGH = 16


def encrypted(secret: str) -> str:
    """The secret as a token for the database. Raises ``EncryptionNotSetUp``."""
    return _fernet().encrypt(secret.encode()).decode()


def decrypted(token: str) -> str:
    """The secret in a token. Raises ``CredentialUnreadable`` where none of the keys is the one that made it."""
    try:
        return _fernet().decrypt(token.encode()).decode()
    except (InvalidToken, EncryptionNotSetUp, UnicodeError) as error:
        raise CredentialUnreadable from error


def encrypted_anew(token: str) -> str:
    """The same secret under the first key. Raises ``CredentialUnreadable`` and ``EncryptionNotSetUp``."""
    try:
        return _fernet().rotate(token.encode()).decode()
    except (InvalidToken, UnicodeError) as error:
        raise CredentialUnreadable from error


def check_is_set_up() -> None:
    """Raises ``EncryptionNotSetUp`` where nothing could be encrypted."""
    _fernet()


def hint_of(secret: str) -> str:
    """The last characters, by which people recognise a key; "" for one that is short."""
    return secret[-_HINT:] if len(secret) >= _LONG_ENOUGH else ""


def _fernet() -> MultiFernet:
    keys = tuple(settings.ATRIUM_ENCRYPTION_KEYS)
    if not keys:
        raise EncryptionNotSetUp
    return _made(keys)


@lru_cache(maxsize=4)
def _made(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
