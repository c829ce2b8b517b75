"""Signing the tokens that programs carry: one algorithm, one key that signs, more that are read.

The first of `settings.JWT_SIGNING_KEYS` signs. Those behind it go on being read, so that a key is
changed without signing anybody out: put the new one in front, and drop the old one when the
longest refresh token made with it is over.
"""

from __future__ import annotations

import hashlib

import jwt
from django.conf import settings

ALGORITHM, ISSUER, AUDIENCE = "HS256", "marketflow", "marketflow-api"
LEEWAY_SECONDS = 30
REQUIRED = ["exp", "iat", "iss", "aud", "typ", "jti", "sub"]


class BadToken(Exception):
    """Not ours, not of that kind, altered, or over."""


def sign(claims: dict[str, object], *, kind: str) -> str:
    """A token of `kind` ("access" or "refresh"). The same claims make the same token."""
    key = settings.JWT_SIGNING_KEYS[0]
    claims = {**claims, "typ": kind, "iss": ISSUER, "aud": AUDIENCE}
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": kid_of(key)})


def read(text: str, *, kind: str) -> dict[str, object]:
    """The claims of a token of that kind. Clocks may differ by 30 s. Raises `BadToken`."""
    try:
        kid = jwt.get_unverified_header(text).get("kid")
        claims = jwt.decode(
            text,
            _keys()[kid],
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=LEEWAY_SECONDS,
            options={"require": REQUIRED},
        )
    except (jwt.InvalidTokenError, KeyError, TypeError) as problem:
        raise BadToken from problem
    if claims["typ"] != kind:
        raise BadToken
    return claims


def kid_of(key: str) -> str:
    """The name of a key: it tells which, and nothing of it."""
    return hashlib.sha256(f"kid:{key}".encode()).hexdigest()[:12]


def _keys() -> dict[str, str]:
    return {kid_of(key): key for key in settings.JWT_SIGNING_KEYS}
