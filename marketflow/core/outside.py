"""Connections to addresses that strangers wrote: into a file, or as where to send something.

Such an address may point at our own network. So the name is resolved once, every address it has
must be public, and the connection goes to exactly the address that was checked. Nobody is
followed elsewhere: who calls reads a redirect as any other answer.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator

# IPv4 in disguise: translated and tunnelled addresses reach whatever is behind the gateway.
DISGUISES = [ipaddress.ip_network(n) for n in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")]


class Forbidden(Exception):
    """Not an address of the public internet."""


class Away(Exception):
    """No answer, or none that can be read: worth another try."""


def is_public(address: str) -> bool:
    """Whether it is an address of the public internet, not of this machine or its network."""
    ip = _plain(address)
    if any(ip in network for network in DISGUISES if network.version == ip.version):
        return False
    return ip.is_global and not ip.is_multicast


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether `address` lies in one of `networks`, such as `127.0.0.0/8`."""
    ip = _plain(address)
    return any(
        ip in network
        for network in map(ipaddress.ip_network, networks)
        if network.version == ip.version
    )


def resolve(host: str, port: int, *, seconds: float, allowed: Iterable[str] = ()) -> str:
    """The one address to connect to. `allowed` names networks that may be private.

    Raises `Forbidden` where any address of the name is not public: one private address among
    public ones is a trap as well. Raises `Away` where there is none within `seconds`.
    """
    allowed = list(allowed)
    addresses = _look_up(host, port, seconds)
    for address in addresses:
        if not is_public(address) and not is_within(address, allowed):
            raise Forbidden(host)
    return addresses[0]


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    ip = ipaddress.ip_address(address.partition("%")[0])
    return getattr(ip, "ipv4_mapped", None) or ip


def _look_up(host: str, port: int, seconds: float) -> list[str]:
    """A resolver knows no timeout of ours: it is asked in a thread that nobody waits for."""
    answers: queue.SimpleQueue = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as problem:
            answers.put(problem)

    threading.Thread(target=ask, daemon=True, name="resolver").start()
    try:
        found = answers.get(timeout=max(seconds, 0.01))
    except queue.Empty:
        raise Away(f"{host}: the name was not resolved in time") from None
    if isinstance(found, Exception):
        raise Away(f"{host}: {found}") from found
    if not found:
        raise Away(f"{host}: the name has no address")
    return [entry[4][0] for entry in found]


class Line(http.client.HTTPConnection):
    """A connection to exactly the address that was checked: a second look-up could differ."""

    def __init__(
        self, host: str, port: int, *, address: str, is_safe: bool, seconds: float
    ) -> None:
        super().__init__(host, port, timeout=max(seconds, 0.01))
        self._is_safe = is_safe
        self._address = address
        # Kept apart: `sock` is None as soon as the other side means to close.
        self._wire: socket.socket | None = None

    def connect(self) -> None:
        self._wire = socket.create_connection((self._address, self.port), timeout=self.timeout)
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

    @contextlib.contextmanager
    def for_at_most(self, seconds: float) -> Iterator[None]:
        """A timeout counts from byte to byte; one who sends a byte a second is cut off by this."""
        watchdog = threading.Timer(max(seconds, 0.01), self.cut_off)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()
            self.close()
