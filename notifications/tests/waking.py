"""A browser that is pushed to, and the push service in between: a real server.

Both read what they get by the words of the RFCs, with nothing of what wrote it.
"""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import override_settings

from accounts.models import BrowserSession
from notifications.models import PushSubscription
from notifications.services.pushing import vapid
from notifications.tests.vapid_keys import KEY, SUBJECT


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Browser:
    """The keys that never leave it, and what it was told."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def point(self) -> bytes:
        public = self.key.public_key()
        return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def keys(self) -> dict[str, str]:
        return {"p256dh": b64(self.point), "auth": b64(self.secret)}

    def read(self, body: bytes) -> bytes:
        """RFC 8188, section 2.1 and RFC 8291, section 3.4, by HMAC alone."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert (length, len(sealed) <= size) == (65, True)
        shared = self.key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        )
        first = mac(mac(self.secret, shared), b"WebPush: info\0" + self.point + sender + b"\x01")
        second = mac(salt, first)
        key = mac(second, b"Content-Encoding: aes128gcm\0\x01")[:16]
        nonce = mac(second, b"Content-Encoding: nonce\0\x01")[:12]
        contents, mark, padding = AESGCM(key).decrypt(nonce, sealed, None).rpartition(b"\x02")
        assert mark and not padding.strip(b"\0")
        return contents


def mac(key: bytes, data: bytes) -> bytes:
    made = hmac.HMAC(key, hashes.SHA256())
    made.update(data)
    return made.finalize()


class PushService:
    """`mode` says how it answers: a status, then headers as `name: value`. `told` is what browsers
    read, in order; each browser is a path."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.mode = "201"
        self.asked: list[str] = []
        self.told: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.browsers: dict[str, Browser] = {}

    def add(self) -> tuple[str, Browser]:
        """A browser of its own, and where it is reached."""
        path, browser = f"/push/{uuid4()}", Browser()
        self.browsers[path] = browser
        return self.base + path, browser

    def believes(self, header: str) -> bool:
        """RFC 8292: a token for this service, signed by the key beside it."""
        scheme, _, rest = header.partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        point = unb64(parts["k"])
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        claims = jwt.decode(parts["t"], key, algorithms=["ES256"], audience=self.base)
        in_time = time.time() < claims["exp"] <= time.time() + 86_400
        return scheme == "vapid" and in_time and claims["sub"] == SUBJECT


@contextmanager
def push_service() -> Iterator[PushService]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.asked.append(self.path)
            status, _, header = service.mode.partition(" ")
            if status == "201":
                assert service.believes(self.headers["Authorization"])
                service.headers.append(dict(self.headers))
                service.told.append(json.loads(service.browsers[self.path].read(body)))
            self.send_response(int(status))
            if header:
                self.send_header(*header.split(": ", 1))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service = PushService(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()


def make_browser(user, service: PushService | None = None, **fields) -> PushSubscription:
    """One of `user` that may be woken: signed in, with keys of its own."""
    if service is None:
        endpoint, browser = f"https://push.example.test/{uuid4()}", Browser()
    else:
        endpoint, browser = service.add()
    session = BrowserSession.objects.create(
        user=user, session_key=uuid4().hex, agent="Mozilla/5.0 (Windows NT) Firefox/140.0"
    )
    with override_settings(VAPID_PRIVATE_KEY=KEY):
        values = browser.keys | {"endpoint": endpoint, "server_key": vapid.public_key()}
    return PushSubscription.objects.create(user=user, session=session, **(values | fields))
