"""Fetching a picture from an address that a stranger wrote into a file.

Such an address may point at our own network. So the name is resolved once, every address it has
must be public, the connection goes to exactly the address that was checked, and nobody is
followed elsewhere.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from catalog.services.pictures.refusals import BadPicture, TooLarge

SECONDS = 5
PORTS = {"http": 80, "https": 443}
# IPv4 in disguise: translated and tunnelled addresses reach whatever is behind the gateway.
DISGUISES = [ipaddress.ip_network(n) for n in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")]
CHUNK = 64 * 1024


class NotFetched(Exception):
    """The other side is away or slow: worth another try."""


class ForbiddenAddress(BadPicture):
    code = "picture_forbidden_address"
    message = _("The picture's address is not a public web address.")


class NotThere(BadPicture):
    code = "picture_not_there"
    message = _("There is no picture at its address.")


def fetch(url: str) -> bytes:
    """The bytes at `url`. Raises BadPicture for good, NotFetched for now."""
    parts = _split(url)
    deadline = time.monotonic() + SECONDS
    address = _resolve(parts.hostname, PORTS[parts.scheme])
    connection = _Line(parts, address)
    # A timeout counts from byte to byte; one who sends a byte a second is cut off by the clock.
    watchdog = threading.Timer(SECONDS, connection.cut_off)
    watchdog.start()
    try:
        return _get(connection, parts, deadline)
    except (OSError, http.client.HTTPException) as problem:
        raise NotFetched(f"{parts.hostname}: {problem}") from problem
    finally:
        watchdog.cancel()
        connection.close()


def is_public(address: str) -> bool:
    """Whether it is an address of the public internet, not of this machine or its network."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if any(ip in network for network in DISGUISES if network.version == ip.version):
        return False
    return ip.is_global and not ip.is_multicast


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_plain = parts.port is None or parts.port == PORTS.get(parts.scheme)
    except ValueError as problem:
        raise ForbiddenAddress from problem
    if parts.scheme not in PORTS or not parts.hostname or parts.username or not is_plain:
        raise ForbiddenAddress
    if any(character <= " " or character > "~" for character in url):
        raise ForbiddenAddress
    return parts


def _resolve(host: str, port: int) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise NotFetched(f"{host}: {problem}") from problem
    addresses = [entry[4][0] for entry in found]
    # One private address among public ones is a trap as well.
    if not addresses or not all(is_public(address) for address in addresses):
        raise ForbiddenAddress
    return addresses[0]


class _Line(http.client.HTTPConnection):
    """A connection to exactly the address that was checked: a second look-up could differ."""

    def __init__(self, parts: SplitResult, address: str) -> None:
        super().__init__(parts.hostname, PORTS[parts.scheme], timeout=SECONDS)
        self._is_safe = parts.scheme == "https"
        self._address = address
        # Kept apart: `sock` is None as soon as the other side means to close.
        self._wire: socket.socket | None = None

    def connect(self) -> None:
        self._wire = socket.create_connection((self._address, self.port), timeout=SECONDS)
        if self._is_safe:
            self._wire = ssl.create_default_context().wrap_socket(
                self._wire, server_hostname=self.host, do_handshake_on_connect=False
            )
            self._wire.do_handshake()
        self.sock = self._wire

    def cut_off(self) -> None:
        if self._wire:
            with contextlib.suppress(OSError):  # It may have ended by itself just now.
                self._wire.shutdown(socket.SHUT_RDWR)


def _get(connection: _Line, parts: SplitResult, deadline: float) -> bytes:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Accept": "image/jpeg, image/png, image/webp", "Accept-Encoding": "identity"}
    connection.request("GET", path, headers=headers | {"User-Agent": "MarketFlow"})
    response = connection.getresponse()
    if response.status >= 500 or response.status == 429:
        raise NotFetched(f"{parts.hostname} answered {response.status}")
    if response.status != 200:
        raise NotThere
    return _read(response, deadline)


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    data = bytearray()
    while chunk := response.read1(CHUNK):
        data += chunk
        if len(data) > settings.PICTURE_MAX_BYTES:
            raise TooLarge(settings.PICTURE_MAX_BYTES)
    # Cut off looks like the end of the file.
    if time.monotonic() > deadline:
        raise NotFetched("took too long")
    return bytes(data)
