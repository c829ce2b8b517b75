"""Signing the tokens that programs carry: one algorithm, one key that signs, more that are read.

The first of `settings.JWT_SIGNING_KEYS` signs. Those behind it go on being read, so that a key is
changed without signing anybody out: put the new one in front, and drop the old one when the
longest refresh token made with it is over.
"""

from __future__ import annotations

import hashlib

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.settings import api_settings

KIND = api_settings.TOKEN_TYPE_CLAIM
REQUIRED = {"exp", "iat", KIND, api_settings.JTI_CLAIM, api_settings.USER_ID_CLAIM}


class BadToken(Exception):
    """Not ours, not of that kind, altered, or over."""


class NamedKey(TokenBackend):
    """simplejwt's backend for one key, whose tokens name it: `kid`."""

    def __init__(self, key: str) -> None:
        super().__init__(
            api_settings.ALGORITHM,
            signing_key=key,
            audience=api_settings.AUDIENCE,
            issuer=api_settings.ISSUER,
            leeway=api_settings.LEEWAY,
        )

    def encode(self, payload: dict[str, object]) -> str:
        claims = {**payload, "iss": self.issuer, "aud": self.audience}
        kid = {"kid": kid_of(self.signing_key)}
        return jwt.encode(claims, self.prepared_signing_key, self.algorithm, headers=kid)


def sign(claims: dict[str, object], *, kind: str) -> str:
    """A token of `kind` ("access" or "refresh"). The same claims make the same token."""
    return NamedKey(settings.JWT_SIGNING_KEYS[0]).encode({**claims, KIND: kind})


def read(text: str, *, kind: str) -> dict[str, object]:
    """The claims of a token of that kind. Clocks may differ by 30 s. Raises `BadToken`."""
    try:
        kid = jwt.get_unverified_header(text).get("kid")
        claims = NamedKey(_keys()[kid]).decode(text)
    except (jwt.InvalidTokenError, TokenBackendError, KeyError, TypeError) as problem:
        raise BadToken from problem
    if claims.get(KIND) != kind or not claims.keys() >= REQUIRED:
        raise BadToken
    return claims


def kid_of(key: str) -> str:
    """The name of a key: it tells which, and nothing of it."""
    return hashlib.sha256(f"kid:{key}".encode()).hexdigest()[:12]


def _keys() -> dict[str, str]:
    return {kid_of(key): key for key in settings.JWT_SIGNING_KEYS}
