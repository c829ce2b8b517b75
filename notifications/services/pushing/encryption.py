"""What only one browser can read: Message Encryption for Web Push (RFC 8291), as one record of
the content encoding aes128gcm (RFC 8188). The push service in between sees bytes.
"""

from __future__ import annotations

import base64
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CURVE = ec.SECP256R1()
POINT_BYTES = 65
SECRET_BYTES = 16
SALT_BYTES = 16
RECORD_BYTES = 4096
# Push services take 4096 bytes with header and tag; some keep room for themselves.
MOST_BYTES = 3072
# After the contents of the last record, where padding would begin.
LAST_RECORD = b"\x02"


def encrypt(
    contents: bytes,
    *,
    p256dh: str,
    auth: str,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of a push of `contents` (at most MOST_BYTES) to the browser of these two keys.

    `sender` and `salt` are made anew for each message; only tests name them. Raises `ValueError`
    for more contents than that, and for what are no keys.
    """
    if len(contents) > MOST_BYTES:
        raise ValueError(f"a push of {len(contents)} bytes")
    receiver, secret = read_keys(p256dh, auth)
    sender = sender or ec.generate_private_key(CURVE)
    salt = salt or os.urandom(SALT_BYTES)
    theirs, ours = point_of(receiver), point_of(sender.public_key())

    shared = sender.exchange(ec.ECDH(), receiver)
    material = _derive(32, shared, secret, b"WebPush: info\0" + theirs + ours)
    key = _derive(16, material, salt, b"Content-Encoding: aes128gcm\0")
    nonce = _derive(12, material, salt, b"Content-Encoding: nonce\0")

    header = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return header + AESGCM(key).encrypt(nonce, contents + LAST_RECORD, None)


def read_keys(p256dh: str, auth: str) -> tuple[ec.EllipticCurvePublicKey, bytes]:
    """The browser's public key and its secret. Raises `ValueError` for what are none."""
    point, secret = from_text(p256dh), from_text(auth)
    if len(point) != POINT_BYTES or len(secret) != SECRET_BYTES:
        raise ValueError("keys of another length")
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point), secret


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def to_text(data: bytes) -> str:
    """base64url without padding, as browsers and push services write keys."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_text(text: str) -> bytes:
    """Raises `ValueError` for anything but base64url; padding may be left out."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _derive(length: int, material: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(material)
