"""Encryption of providers' keys: what rotates, what cannot be read, and what never shows a key."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from atrium.env import Environment
from tenants.credentials.cipher import decrypted, encrypted, encrypted_anew, hint_of
from tenants.credentials.errors import CredentialUnreadable, EncryptionNotSetUp
from tenants.credentials.in_force import Provider

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))


def test_a_key_goes_on_being_read_while_encryption_keys_rotate(settings):
    settings.ATRIUM_ENCRYPTION_KEYS = (OLD,)
    token = encrypted("sk-secret")
    assert "sk-secret" not in token
    settings.ATRIUM_ENCRYPTION_KEYS = (NEW, OLD)
    assert decrypted(token) == "sk-secret"
    anew = encrypted_anew(token)
    settings.ATRIUM_ENCRYPTION_KEYS = (NEW,)
    assert decrypted(anew) == "sk-secret"
    with pytest.raises(CredentialUnreadable):
        decrypted(token)


@pytest.mark.parametrize("keys", [(OTHER,), ()])
def test_without_the_right_key_it_is_an_error_that_says_what_to_do(settings, keys):
    settings.ATRIUM_ENCRYPTION_KEYS = (OLD,)
    token = encrypted("sk-secret")
    settings.ATRIUM_ENCRYPTION_KEYS = keys
    with pytest.raises(CredentialUnreadable, match="enter it again"):
        decrypted(token)
    for damaged in ("", "x", token[:-4]):
        with pytest.raises(CredentialUnreadable):
            decrypted(damaged)


def test_without_any_key_nothing_is_stored(settings):
    settings.ATRIUM_ENCRYPTION_KEYS = ()
    with pytest.raises(EncryptionNotSetUp, match="ATRIUM_ENCRYPTION_KEYS"):
        encrypted("sk-secret")


@given(st.text(min_size=1))
def test_any_key_comes_back_as_it_was_and_a_hint_shows_a_quarter_of_it_at_most(secret):
    assert decrypted(encrypted(secret)) == secret
    hint = hint_of(secret)
    assert secret.endswith(hint)
    assert 4 * len(hint) <= len(secret)


def test_a_provider_never_shows_its_key():
    provider = Provider(("acme", 1, 1), "Ours", "https://models.example/v1", SecretStr("sk-secret"), "m")
    assert "sk-secret" not in f"{provider!r} {provider}"
    assert provider.key == "sk-secret"


@pytest.mark.parametrize("raw", ["short", f"{OLD},short", OLD[:-2], "é" * 44])
def test_an_encryption_key_that_is_none_stops_the_start(raw):
    from django.core.exceptions import ImproperlyConfigured

    with pytest.raises(ImproperlyConfigured, match="ATRIUM_ENCRYPTION_KEYS: expected keys of 32 bytes") as refusal:
        Environment({"ATRIUM_ENCRYPTION_KEYS": raw})["ATRIUM_ENCRYPTION_KEYS"]
    assert raw not in str(refusal.value)
    assert Environment({"ATRIUM_ENCRYPTION_KEYS": f"{OLD}, {NEW}"})["ATRIUM_ENCRYPTION_KEYS"] == (OLD, NEW)
