"""A wire between the market and a server, in a process of its own, that fails on command.

`python -m benchmarks.gauntlet.wires LISTEN TO` reads commands from its standard input:

    cut             close every connection, and refuse new ones until `pass`
    delay MS        hold every message back that long
    swallow N       forward the next N COMMITs, keep their replies, and hang up
    pass            everything goes through again

and writes `swallowed` for each reply it kept.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

# How psycopg sends it, whatever the protocol of the query.
COMMIT = b"COMMIT\x00"


class State:
    is_cut = False
    delay = 0.0
    to_swallow = 0


class End(asyncio.Protocol):
    """One end of a connection; what it hears goes to the other."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.transport: asyncio.Transport | None = None
        self.other: End | None = None
        self.waiting: list[bytes] = []
        self.keeps_replies = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.wire.ends.add(self)

    def data_received(self, data: bytes) -> None:
        if self.keeps_replies:
            # Committed over there, and over here nobody will ever know.
            print("swallowed", flush=True)
            self.hang_up()
            return
        if self.wire.state.delay:
            asyncio.get_running_loop().call_later(self.wire.state.delay, self._pass_on, data)
        else:
            self._pass_on(data)

    def _pass_on(self, data: bytes) -> None:
        if self.other is None:
            self.waiting.append(data)
        elif self.other.transport and not self.other.transport.is_closing():
            if self.wire.state.to_swallow and COMMIT in data and self.is_client:
                self.wire.state.to_swallow -= 1
                self.other.keeps_replies = True
            self.other.transport.write(data)

    @property
    def is_client(self) -> bool:
        return isinstance(self, ClientEnd)

    def connection_lost(self, problem: Exception | None) -> None:
        self.wire.ends.discard(self)
        if self.other and self.other.transport:
            self.other.transport.close()

    def hang_up(self) -> None:
        for end in (self, self.other):
            if end and end.transport:
                end.transport.abort()


class ClientEnd(End):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.wire.state.is_cut:
            self.transport.abort()
            return
        self.task = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, other = await loop.create_connection(
                lambda: End(self.wire), "127.0.0.1", self.wire.to
            )
        except OSError:
            self.transport.abort()
            return
        self.other, other.other = other, self
        for data in self.waiting:
            self._pass_on(data)
        self.waiting.clear()


class Wire:
    def __init__(self, listen: int, to: int) -> None:
        self.listen, self.to, self.state = listen, to, State()
        self.ends: set[End] = set()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: ClientEnd(self), "127.0.0.1", self.listen)
        commands: asyncio.Queue[str] = asyncio.Queue()

        def listen() -> None:
            for line in sys.stdin:
                loop.call_soon_threadsafe(commands.put_nowait, line)

        threading.Thread(target=listen, daemon=True).start()
        print("ready", flush=True)
        async with server:
            while True:
                self._obey(*(await commands.get()).split())

    def _obey(self, command: str, number: str = "0") -> None:
        self.state.is_cut = command == "cut"
        if command == "cut":
            for end in list(self.ends):
                end.hang_up()
        elif command == "delay":
            self.state.delay = int(number) / 1000
        elif command == "swallow":
            self.state.to_swallow += int(number)
        elif command == "pass":
            self.state.delay, self.state.to_swallow = 0.0, 0


class Remote:
    """A wire as the rig sees it: a process that obeys."""

    def __init__(self, listen: int, to: int) -> None:
        self.listen = listen
        command = [sys.executable, "-m", "benchmarks.gauntlet.wires", str(listen), str(to)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.swallowed = 0
        self.process.stdout.readline()
        threading.Thread(target=self._count, daemon=True).start()

    def tell(self, command: str) -> None:
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def _count(self) -> None:
        for _ in self.process.stdout:
            self.swallowed += 1


if __name__ == "__main__":
    asyncio.run(Wire(int(sys.argv[1]), int(sys.argv[2])).run())
