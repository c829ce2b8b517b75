"""Who we are to push services: the market's own key signs every request (VAPID, RFC 8292)."""

from __future__ import annotations

import time
from functools import cache
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from notifications.services.pushing.encryption import CURVE, from_text, point_of, to_text

# The RFC allows a day; clocks differ.
VALID_SECONDS = 12 * 60 * 60


def is_on() -> bool:
    """Whether the market can push: without its keys nobody is offered what would never come."""
    return bool(settings.VAPID_PRIVATE_KEY and settings.VAPID_SUBJECT)


def public_key() -> str:
    """What browsers subscribe with, so that nobody else can push to them."""
    return to_text(point_of(_key(settings.VAPID_PRIVATE_KEY).public_key()))


def authorization(endpoint: str) -> str:
    """The value of the header, good for the push service of `endpoint` alone."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(time.time()) + VALID_SECONDS,
        "sub": settings.VAPID_SUBJECT,
    }
    token = jwt.encode(claims, _key(settings.VAPID_PRIVATE_KEY), algorithm="ES256")
    return f"vapid t={token}, k={public_key()}"


@cache
def _key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(from_text(text), "big"), CURVE)
