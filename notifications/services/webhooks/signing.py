"""Secrets, and the signatures made with them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"


def new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def header(body: bytes, keys: Iterable[str], moment: int) -> str:
    """`MarketFlow-Signature`: when it was signed, and a signature by each valid secret.

    `moment` is in seconds since 1970. A secret signs as it is written, `whsec_` included.
    """
    signed = f"{moment}.".encode() + body
    marks = [hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in keys]
    return ",".join([f"t={moment}", *(f"v1={mark}" for mark in marks)])
