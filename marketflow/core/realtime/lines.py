"""The connection below a socket, which ASGI hides: what to do with a client that does not read.

uvicorn lets a sender wait once 64 KiB are on their way; daphne never does and keeps everything
in memory, so here it is told to. In both the kernel's own buffer, which grows to megabytes, is
kept small, a last frame is let through, and the connection can be cut.

A client that reads again finds what had been sent and then why it is closed. For that the
server must go on reading it meanwhile: what a client says into a connection that nobody reads
or has open, such as the answer to a ping, makes the kernel throw away what is still to be sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from functools import partial

SEND_BUFFER = 65_536
# So long a client may take to read what it has been sent, and why it is closed.
GRACE = 300.0


class Line:
    """Nothing is known of it: another server, or a test."""

    # What was sent waits, because the client does not read.
    is_full = False

    def when_unanswered(self, close: Callable[[], None]) -> None:
        """Call `close` when no answer to a ping has come in time. The servers' own way to close
        tells nothing to who reads too late."""

    def let_pass(self) -> None:
        """Let the next frame be written even if the client has not read the ones before."""

    def cut(self) -> None:
        """End the connection and free what waits on it. Harmless when it has ended."""


class UvicornLine(Line):
    def __init__(self, protocol) -> None:
        self._protocol = protocol
        # Of the transport alone: who keeps it keeps nothing of a socket that has ended.
        self.cut = protocol.transport.abort
        _keep_small(protocol.transport.get_extra_info("socket"))

    def when_unanswered(self, close: Callable[[], None]) -> None:
        self._protocol.keepalive_timeout = close

    @property
    def is_full(self) -> bool:
        return not self._protocol.writable.is_set()

    def let_pass(self) -> None:
        if self.is_full:
            # Else it reads for ten seconds more.
            self._protocol.close_timeout = GRACE
        self._protocol.writable.set()


class DaphneLine(Line):
    """Also what Twisted calls a producer: it is paused while 64 KiB wait to be sent."""

    def __init__(self, protocol, send) -> None:
        self._protocol, self._send = protocol, send
        self._writable = asyncio.Event()
        self._writable.set()
        transport = protocol.transport
        self.cut = transport.abortConnection
        _keep_small(transport.getHandle())
        # In place of the HTTP channel that the connection was before its upgrade.
        transport.unregisterProducer()
        transport.registerProducer(self, True)
        protocol.closeHandshakeTimeout = GRACE

    def when_unanswered(self, close: Callable[[], None]) -> None:
        self._protocol.onAutoPingTimeout = close

    def pauseProducing(self) -> None:  # noqa: N802
        self._writable.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self._writable.set()

    stopProducing = resumeProducing  # noqa: N815

    async def send(self, message: dict) -> None:
        await self._writable.wait()
        await self._send(message)

    @property
    def is_full(self) -> bool:
        return not self._writable.is_set()

    def let_pass(self) -> None:
        self._writable.set()


class KnowLines:
    """ASGI: gives a socket its `Line`, in the scope."""

    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope: dict, receive, send) -> None:
        line, send = _found(send)
        await self.app(scope | {"line": line}, receive, send)


def _found(send) -> tuple[Line, object]:
    protocol = getattr(send, "__self__", None)
    if hasattr(protocol, "writable"):
        return UvicornLine(protocol), send
    if isinstance(send, partial) and send.args and hasattr(send.args[0], "closeHandshakeTimeout"):
        line = DaphneLine(send.args[0], send)
        return line, line.send
    return Line(), send


def _keep_small(connection: socket.socket) -> None:
    # A UNIX socket may know no such option.
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
