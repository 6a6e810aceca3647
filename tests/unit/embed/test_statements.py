"""What the tenant's server says of a visitor is believed only in its own signature, for this site, once and for a
while."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from embed.exceptions import WrongIdentity
from embed.identity.statements import algorithm_of, read_statement
from tenants.errors import InvalidInput

SECRET, SITE = "ids_0123456789012345678901234567890123456789", "site_ours"


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {"aud": SITE, "sub": "ada", "iat": now, "exp": now + 300, "jti": "one"} | changed
    return {name: value for name, value in whole.items() if value is not None}


def signed(key: Any = SECRET, algorithm: str = "HS256", **changed: Any) -> str:
    return jwt.encode(claims(**changed), key, algorithm=algorithm)


def private(key: Any) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public(key: Any) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


EC_KEY, ED_KEY = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
RSA_KEY = rsa.generate_private_key(65537, 2048)


def test_a_statement_says_who_it_is():
    said = read_statement(signed(attributes={"plan": "gold", "seats": 3, "trial": False}), SITE, SECRET, "")
    assert (said.subject, said.jti) == ("ada", "one")
    assert said.attributes == {"plan": "gold", "seats": 3, "trial": False}


@pytest.mark.parametrize(("key", "algorithm"), [(RSA_KEY, "RS256"), (EC_KEY, "ES256"), (ED_KEY, "EdDSA")])
def test_a_public_key_checks_what_its_private_half_has_signed_and_nothing_else(key, algorithm):
    pem = public(key)
    assert algorithm_of(pem) == algorithm
    assert read_statement(signed(private(key), algorithm), SITE, None, pem).subject == "ada"
    for wrong in (signed(), signed(private(ec.generate_private_key(ec.SECP256R1())), "ES256")):
        with pytest.raises(WrongIdentity):
            read_statement(wrong, SITE, None, pem)


def test_a_public_key_is_no_secret():
    """The oldest trick: to sign with HS256 and the public key, which everybody has, as the secret."""
    import base64
    import hashlib
    import hmac
    import json

    pem = public(RSA_KEY)

    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    body = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()) + b"." + part(json.dumps(claims()).encode())
    forged = body + b"." + part(hmac.new(pem.encode(), body, hashlib.sha256).digest())
    for secret in (None, SECRET):
        with pytest.raises(WrongIdentity):
            read_statement(forged.decode(), SITE, secret, pem)


NOW = time.time()
REFUSED = {
    "another secret": {"key": "another secret that is long enough for it"},
    "no signature": {"key": None, "algorithm": "none"},
    "a stronger algorithm that nobody agreed on": {"algorithm": "HS512", "key": SECRET * 2},
    "another site": {"aud": "site_other"},
    "no audience": {"aud": None},
    "no end": {"exp": None},
    "no beginning": {"iat": None},
    "nobody": {"sub": None},
    "an empty name": {"sub": ""},
    "a blank name": {"sub": "  "},
    "a name that breaks lines": {"sub": "a\nb"},
    "a name that is too long": {"sub": "a" * 256},
    "no id of its own": {"jti": None},
    "an empty id": {"jti": ""},
    "expired": {"exp": int(NOW) - 120, "iat": int(NOW) - 400},
    "of tomorrow": {"iat": int(NOW) + 86_400, "exp": int(NOW) + 90_000},
    "good for too long": {"exp": int(NOW) + 7_200},
    "made too long ago": {"iat": int(NOW) - 7_200},
    "an end without an end": {"exp": 1e300},
    "attributes that are a list": {"attributes": ["gold"]},
    "attributes in attributes": {"attributes": {"plan": {"name": "gold"}}},
    "an attribute that is too long": {"attributes": {"plan": "x" * 201}},
    "too many attributes": {"attributes": {f"a{n}": 1 for n in range(21)}},
    "an attribute without a proper name": {"attributes": {"my plan": "gold"}},
    "an attribute that cannot be stored": {"attributes": {"plan": "a\x00b"}},
    "an attribute that ends in half a character": {"attributes": {"name": "Ann \ud83d"}},
}


@pytest.mark.parametrize("which", REFUSED)
def test_it_is_refused(which):
    with pytest.raises(WrongIdentity):
        read_statement(signed(**REFUSED[which]), SITE, SECRET, "")


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 9_000, "eyJhbGciOiJIUzI1NiJ9..", "\x00", "ü.ü.ü"])
def test_what_is_no_token_is_refused_as_well(token):
    with pytest.raises(WrongIdentity):
        read_statement(token, SITE, SECRET, "")


def test_without_a_key_nobody_is_believed():
    with pytest.raises(WrongIdentity):
        read_statement(signed(), SITE, None, "")


def test_weak_or_private_keys_are_not_taken():
    small = rsa.generate_private_key(65537, 1024)
    curve = ec.generate_private_key(ec.SECP384R1())
    for pem in (public(small), public(curve), private(RSA_KEY).decode(), "no key", ""):
        with pytest.raises(InvalidInput):
            algorithm_of(pem)
