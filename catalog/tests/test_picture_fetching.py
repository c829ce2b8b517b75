"""Pictures named in an imported file: what is fetched, and what must never be asked for."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from catalog.models import ProductImage
from catalog.services import pictures
from catalog.services.pictures import fetching
from catalog.tests.factories import make_product
from catalog.tests.pictures import SVG, picture
from marketflow.core import outside

INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1%eth0",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]
OUTSIDE = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1"]


class Elsewhere(BaseHTTPRequestHandler):
    """Somebody else's server: each path is a way to answer."""

    asked: list[str] = []
    release = threading.Event()

    def do_GET(self):
        self.asked.append(self.path)
        getattr(self, self.path.strip("/").partition("?")[0])()

    def bowl(self):
        self._answer(200, picture(size=(700, 500)))

    def svg(self):
        self._answer(200, SVG)

    def gone(self):
        self._answer(404, b"")

    def busy(self):
        self._answer(503, b"")

    def moved(self):
        self._answer(302, b"", Location="/bowl")

    def endless(self):
        self.send_response(200)
        self.end_headers()
        while not self.wfile.closed:
            self.wfile.write(bytes(100_000))

    def slow(self):
        self.send_response(200)
        self.end_headers()
        while not self.release.wait(0.05):
            self.wfile.write(b"\xff")

    def _answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True  # The other side has hung up, as it should.

    def log_message(self, *args):
        """Quiet."""


@pytest.fixture
def elsewhere(monkeypatch):
    """A server that pretends to be public."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        Elsewhere.asked = []
        Elsewhere.release.clear()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setattr(outside, "is_public", lambda address: True)
        monkeypatch.setattr(fetching, "PORTS", {"http": server.server_port, "https": 443})
        yield f"http://127.0.0.1:{server.server_port}"
        Elsewhere.release.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def remote(shop, media_root, settings):
    settings.IMPORT_FETCHES_PICTURES = True
    product = make_product(shop)
    return lambda url: ProductImage.objects.create(product=product, source_url=url, state="remote")


def test_a_picture_is_fetched_and_made(elsewhere, remote):
    image = remote(f"{elsewhere}/bowl?v=1")
    assert not image.is_shown

    assert pictures.make_waiting() == 1

    image.refresh_from_db()
    assert (image.state, image.width, image.height) == ("ready", 700, 500)
    assert image.fallback_url.endswith("/640.jpg")
    assert Elsewhere.asked == ["/bowl?v=1"]


def test_nothing_is_fetched_unless_the_market_wants_it(elsewhere, remote, settings):
    settings.IMPORT_FETCHES_PICTURES = False
    image = remote(f"{elsewhere}/bowl")

    assert pictures.make_waiting() == 0
    assert not pictures.make_sizes(image.pk)

    image.refresh_from_db()
    assert (image.state, image.attempts) == ("remote", 0)
    assert Elsewhere.asked == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("svg", "not a JPEG"),
        ("gone", "no picture at its address"),
        ("moved", "no picture at its address"),
        ("endless", "too large"),
    ],
)
def test_what_is_no_picture_fails_for_good_with_its_reason(elsewhere, remote, path, reason):
    image = remote(f"{elsewhere}/{path}")

    assert pictures.make_waiting() == 1

    image.refresh_from_db()
    assert image.state == "failed"
    assert reason in image.failure
    assert Elsewhere.asked == [f"/{path}"]


def test_a_server_that_is_away_is_asked_again_later(elsewhere, remote):
    image = remote(f"{elsewhere}/busy")

    assert pictures.make_waiting() == 0

    image.refresh_from_db()
    assert (image.state, image.attempts) == ("remote", 1)
    assert "503" in image.failure


def test_a_server_that_drips_is_cut_off(elsewhere, monkeypatch):
    monkeypatch.setattr(fetching, "SECONDS", 0.3)

    with pytest.raises(fetching.NotFetched):
        fetching.fetch(f"{elsewhere}/slow")


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public(address):
    assert not outside.is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_outside_is_public(address):
    assert outside.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://017700000001/",
        "http://0/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://192.168.0.1/a.jpg",
        "http://user:password@1.1.1.1/",
        "http://1.1.1.1:8080/",
        "http://1.1.1.1:99999/",
        "https://1.1.1.1:22/",
        "file:///etc/passwd",
        "ftp://1.1.1.1/a.jpg",
        "gopher://1.1.1.1/",
        "data:image/png;base64,AAAA",
        "//1.1.1.1/a.jpg",
        "http://",
        "http://[",
        "http://1.1.1.1/a\r\nHost: inside",
        "http://1.1.1.1/a b",
        "",
    ],
)
def test_no_connection_is_opened_to_where_nobody_should_go(url, monkeypatch):
    def connect(*args, **kwargs):
        raise AssertionError(f"connected to {args}")

    monkeypatch.setattr(outside.socket, "create_connection", connect)

    with pytest.raises(fetching.ForbiddenAddress):
        fetching.fetch(url)


def test_a_listener_inside_hears_nothing(monkeypatch):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(0.1)
        port = listener.getsockname()[1]
        monkeypatch.setattr(fetching, "PORTS", {"http": port, "https": port})

        for host in ("127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"):
            for scheme in ("http", "https"):
                with pytest.raises(fetching.ForbiddenAddress):
                    fetching.fetch(f"{scheme}://{host}:{port}/a.jpg")

        with pytest.raises(TimeoutError):
            listener.accept()


def test_one_private_address_among_public_ones_is_a_trap(monkeypatch):
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("1.1.1.1", "::1")]
    monkeypatch.setattr(outside.socket, "getaddrinfo", lambda *args, **kwargs: answers)

    with pytest.raises(fetching.ForbiddenAddress):
        fetching.fetch("http://trap.example/a.jpg")


def test_the_connection_goes_to_the_address_that_was_checked(elsewhere, monkeypatch):
    """A name that means another address the second time is asked for once only."""
    looked_up, real = [], socket.getaddrinfo

    def rebinding(host, *args, **kwargs):
        if host != "rebinding.example":
            return real(host, *args, **kwargs)
        looked_up.append(host)
        return real("127.0.0.1" if len(looked_up) == 1 else "192.0.2.1", *args, **kwargs)

    monkeypatch.setattr(outside.socket, "getaddrinfo", rebinding)

    port = elsewhere.rpartition(":")[2]
    assert fetching.fetch(f"http://rebinding.example:{port}/bowl").startswith(b"\xff\xd8")
    assert len(looked_up) == 1


def test_a_server_without_a_certificate_is_not_trusted(elsewhere, monkeypatch):
    port = int(elsewhere.rpartition(":")[2])
    monkeypatch.setattr(fetching, "PORTS", {"https": port})

    with pytest.raises(fetching.NotFetched):
        fetching.fetch(f"https://127.0.0.1:{port}/bowl")

    assert Elsewhere.asked == []
