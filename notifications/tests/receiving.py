"""Other people's programs: real servers that hear webhooks, each path a way to answer."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.utils.timezone import now

from marketflow.core import events, sealing
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.models.webhook import PURPOSE

SECRET = "whsec_of-the-tests"


class Receiver:
    """`mode` says how it answers; `heard` is what it accepted, in order."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.mode = "ok"
        self.asked: list[str] = []
        self.heard: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.release = threading.Event()

    @property
    def url(self) -> str:
        return f"{self.base}/hooks"

    def ids(self) -> list[str]:
        return [heard["id"] for heard in self.heard]

    def types(self) -> list[str]:
        return [heard["type"] for heard in self.heard]


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            with receiver.lock:
                receiver.at_once += 1
                receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
            try:
                self.answer()
            finally:
                with receiver.lock:
                    receiver.at_once -= 1

        def answer(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.asked.append(self.path)
            if receiver.mode == "slow":
                receiver.release.wait(30)
            if receiver.mode == "hang up":
                self.close_connection = True
                return
            if receiver.mode == "endless":
                self.send_response(200)
                self.end_headers()
                while not self.wfile.closed and not receiver.release.is_set():
                    self.wfile.write(bytes(100_000))
                return
            status = {"ok": 200, "slow": 200}.get(receiver.mode) or int(receiver.mode[:3])
            if status < 300:
                assert is_signed(body, self.headers["MarketFlow-Signature"], SECRET)
                receiver.headers.append(dict(self.headers))
                receiver.heard.append(json.loads(body))
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", receiver.mode.partition(" ")[2])
            answer = b"heard" if status < 300 else b"no " + SECRET.encode()
            self.send_header("Set-Cookie", "session=secret")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def handle(self):
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True  # The other side has hung up, as it should.

        def log_message(self, *args):
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.release.set()
            server.shutdown()
            thread.join()


def is_signed(body: bytes, header: str, secret: str) -> bool:
    """As a receiver finds out, by the words of the contract."""
    parts = [part.split("=", 1) for part in header.split(",")]
    moment = next(value for name, value in parts if name == "t")
    ours = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(ours, value) for name, value in parts if name == "v1")


def make_endpoint(shop, url: str, *events: str, **fields) -> WebhookEndpoint:
    values = {"secret": sealing.seal(SECRET, purpose=PURPOSE)} | fields
    return WebhookEndpoint.objects.create(
        shop=shop, url=url, events=list(events or ["*"]), **values
    )


def relay_all() -> None:
    while events.relay():
        pass


def all_due() -> None:
    """As if the waits were over."""
    past = now() - timedelta(minutes=1)
    WebhookDelivery.objects.update(due_at=past)
    WebhookEndpoint.objects.update(rests_until=past)
