"""The connection below a socket, which ASGI hides: what to do with a client that does not read.

uvicorn lets a sender wait once 64 KiB are on their way; daphne never does and keeps everything
in memory, so here it is told to. In both the kernel's own buffer, which grows to megabytes, is
kept small, a last frame is let through, and the connection can be cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from functools import partial

SEND_BUFFER = 65_536
# So long a client may take to read what it has been sent, and why it is closed.
GRACE = 60.0


class Line:
    """Nothing is known of it: another server, or a test."""

    def let_pass(self) -> None:
        """Let the next frame be written even if the client has not read the ones before."""

    def cut(self) -> None:
        """End the connection and free what waits on it. Harmless when it has ended."""


class UvicornLine(Line):
    def __init__(self, protocol) -> None:
        self._protocol = protocol
        _keep_small(protocol.transport.get_extra_info("socket"))

    def let_pass(self) -> None:
        self._protocol.writable.set()

    def cut(self) -> None:
        self._protocol.transport.abort()


class DaphneLine(Line):
    """Also what Twisted calls a producer: it is paused while 64 KiB wait to be sent."""

    def __init__(self, protocol, send) -> None:
        self._protocol, self._send = protocol, send
        self._writable = asyncio.Event()
        self._writable.set()
        transport = protocol.transport
        _keep_small(transport.getHandle())
        # In place of the HTTP channel that the connection was before its upgrade.
        transport.unregisterProducer()
        transport.registerProducer(self, True)
        protocol.closeHandshakeTimeout = GRACE

    def pauseProducing(self) -> None:  # noqa: N802
        self._writable.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self._writable.set()

    stopProducing = resumeProducing  # noqa: N815

    async def send(self, message: dict) -> None:
        await self._writable.wait()
        await self._send(message)

    def let_pass(self) -> None:
        self._writable.set()

    def cut(self) -> None:
        self._protocol.transport.abortConnection()


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
