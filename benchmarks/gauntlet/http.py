"""HTTP/1.1 over one kept connection: small, so that the driver takes little of the two cores."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

# As the reverse proxy would send it.
PROXIED = {"Host": "market.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
TIMEOUT = 30  # seconds


@dataclass
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0

    @property
    def data(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def code(self) -> str:
        data = (
            self.data
            if self.headers.get("content-type", "").startswith("application/json")
            else {}
        )
        return data.get("code", "") if isinstance(data, dict) else ""


class Lost(Exception):
    """No answer came: whether it was done, nobody here knows."""


class Connection:
    def __init__(self, port: int, headers: dict[str, str] = PROXIED) -> None:
        self.port, self.headers = port, headers
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request. Raises `Lost` where its answer does not arrive whole."""
        content = b"" if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if content else {}
        return await self.send(method, path, content, (headers or {}) | kind)

    async def send(
        self, method: str, path: str, content: bytes, headers: dict[str, str]
    ) -> Answer:
        """`ask` with a body as it stands."""
        lines = [f"{method} {path} HTTP/1.1"]
        sent = self.headers | headers | {"Content-Length": str(len(content))}
        lines += [f"{name}: {value}" for name, value in sent.items()]
        request = "\r\n".join(lines).encode() + b"\r\n\r\n" + content
        started = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await self._exchange(request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as problem:
            self.close()
            raise Lost(repr(problem)) from problem
        answer.seconds = time.monotonic() - started
        return answer

    def close(self) -> None:
        if self._writer:
            self._writer.close()
        self._reader = self._writer = None

    async def _exchange(self, request: bytes) -> Answer:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writer.write(request)
        await self._writer.drain()
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {}
        for line in head[1:]:
            if line:
                name, _, value = line.partition(":")
                before = headers.get(name.lower())
                headers[name.lower()] = f"{before}, {value.strip()}" if before else value.strip()
        answer = Answer(int(head[0].split()[1]), headers)
        if headers.get("transfer-encoding") == "chunked":
            answer.body = await self._chunks()
        else:
            answer.body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.close()
        return answer

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self._reader.readline(), 16):
            body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return body
