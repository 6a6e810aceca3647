"""A statement about a visitor, signed by the tenant's server: a JWT (RFC 7519), checked. Pure but for the clock.

    {"aud": "<the site's public key>", "sub": "user-17", "iat": ..., "exp": ..., "jti": "<unique>",
     "attributes": {"plan": "gold", "language": "de"}}

HS256 with the site's secret, or RS256, ES256 or EdDSA with the private half of its public key. Which algorithm a key is
for is decided by the key and never by the token: else a public key could be used as a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from embed.exceptions import WrongIdentity
from tenants.errors import InvalidInput

LONGEST = 8_000  # characters of a statement
OLDEST = timedelta(hours=1)  # from its making to its use, and to its end
LEEWAY = timedelta(seconds=60)  # between two servers' clocks
MOST_ATTRIBUTES, LONGEST_ATTRIBUTE = 20, 200
LONGEST_NAME = 255  # characters of sub, and of jti
LEAST_RSA_BITS = 2048
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # half a character of UTF-16, as Node.js may cut one in two
_NEEDED = ["aud", "sub", "iat", "exp", "jti"]

Attribute = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Statement:
    """Who somebody is: ``subject`` for the tenant's server, ``attributes`` by name; ``jti`` makes it one of a kind."""

    subject: str
    jti: str
    expires_at: datetime
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


def read_statement(token: str, audience: str, secret: str | None, public_key: str) -> Statement:
    """The statement in a token. Raises ``WrongIdentity``, in words for the tenant's developer.

    ``audience`` is the site's public key; ``secret`` and ``public_key`` (PEM) are the site's, where it has them.
    """
    if len(token) > LONGEST:
        raise WrongIdentity(f"The identity token is longer than {LONGEST:,} characters.")
    key, algorithm = _key_for(token, secret, public_key)
    try:
        claims = jwt.decode(
            token, key, algorithms=[algorithm], audience=audience, leeway=LEEWAY, options={"require": _NEEDED}
        )
    except jwt.PyJWTError as error:
        raise WrongIdentity(f"The identity token was refused: {_in_words(error)}.") from error
    return _statement(claims)


def algorithm_of(pem: str) -> str:
    """The one algorithm that a public key is for. Raises ``InvalidInput`` for what is no key that can be used."""
    try:
        key = load_pem_public_key(pem.strip().encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidInput("This is no public key in PEM: -----BEGIN PUBLIC KEY-----", field="identity_key") from error
    if isinstance(key, RSAPublicKey) and key.key_size >= LEAST_RSA_BITS:
        return "RS256"
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return "ES256"
    if isinstance(key, Ed25519PublicKey):
        return "EdDSA"
    raise InvalidInput("Use RSA with 2,048 bits or more, EC on P-256, or Ed25519.", field="identity_key")


def _key_for(token: str, secret: str | None, public_key: str) -> tuple[str, str]:
    try:
        named = jwt.get_unverified_header(token).get("alg")
    except jwt.PyJWTError as error:
        raise WrongIdentity("The identity token is no JWT.") from error
    if secret is not None and named == "HS256":
        return secret, "HS256"
    if public_key and named == algorithm_of(public_key):
        return public_key, named
    raise WrongIdentity("The identity token is signed by an algorithm that this site has no key for.")


def _in_words(error: jwt.PyJWTError) -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return "it has expired"
        case jwt.InvalidAudienceError():
            return "its aud is not this site's public key"
        case jwt.ImmatureSignatureError():
            return "its iat or nbf is in the future"
        case jwt.MissingRequiredClaimError():
            return f"it lacks {error.claim}"
        case jwt.InvalidSignatureError():
            return "its signature is wrong"
    return "it is not valid"


def _statement(claims: Mapping[str, Any]) -> Statement:
    now, made, ends = datetime.now(UTC), _moment(claims["iat"]), _moment(claims["exp"])
    if now - made > OLDEST + LEEWAY or ends - made > OLDEST:
        raise WrongIdentity("The identity token was refused: it must end, and be used, within an hour of its iat.")
    return Statement(_name(claims, "sub"), _name(claims, "jti"), ends, _attributes(claims.get("attributes", {})))


def _moment(seconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise WrongIdentity("The identity token was refused: its iat and exp are seconds since 1970.") from error


def _name(claims: Mapping[str, Any], which: str) -> str:
    value = claims[which]
    if not (isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable() and value.strip()):
        raise WrongIdentity(f"The identity token was refused: its {which} is a text of 1 to {LONGEST_NAME} characters.")
    return value


def _attributes(given: Any) -> Mapping[str, Attribute]:
    if not (isinstance(given, dict) and len(given) <= MOST_ATTRIBUTES and all(map(_is_attribute, given.items()))):
        raise WrongIdentity(
            f"The identity token was refused: its attributes are at most {MOST_ATTRIBUTES} names with texts of up to "
            f"{LONGEST_ATTRIBUTE} characters, numbers or true and false."
        )
    return given


def _is_attribute(item: tuple[str, Any]) -> bool:
    name, value = item
    if not (name.isidentifier() and len(name) <= 50):
        return False
    if isinstance(value, str):
        return len(value) <= LONGEST_ATTRIBUTE and not _UNSTORABLE.search(value)
    return isinstance(value, bool | int | float) and abs(value) <= 2**53
