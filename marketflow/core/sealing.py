"""Secrets that have to be read again are kept sealed: who gets at the tables cannot use them.

The key is derived from SECRET_KEY. After a change of it, what was sealed before opens as long as
the former one stands in SECRET_KEY_FALLBACKS.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """Sealed for another purpose, under another key, or altered."""


def seal(text: str, *, purpose: str) -> str:
    """`text`, readable only by `unseal` for the same purpose."""
    return _box(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    """What was sealed. Raises `Unreadable`."""
    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken as problem:
        raise Unreadable(purpose) from problem


def _box(purpose: str) -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(secret, purpose)) for secret in secrets])


def _key(secret: str, purpose: str) -> bytes:
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"marketflow:{purpose}".encode())
    return base64.urlsafe_b64encode(made.derive(secret.encode()))
