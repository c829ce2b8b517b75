"""Just enough HTTP/1.1: requests off a stream, answers onto it, and a POST of our own."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    # What was asked for, from the query and the form, nested as the brackets say.
    params: dict[str, Any]
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Answer:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        is_text = isinstance(self.body, str)
        content = (self.body if is_text else json.dumps(self.body)).encode()
        headers = {"Content-Type": "text/html; charset=utf-8" if is_text else "application/json"}
        headers |= {"Content-Length": str(len(content)), **self.headers}
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + content


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection that stays open; None where the caller hung up."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *rest = head.decode("latin-1").strip().split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = [line.partition(":")[::2] for line in rest]
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    length = int(headers.get("content-length", 0))
    if length > MOST_BYTES:
        return None
    body = await reader.readexactly(length) if length else b""
    parts = urlsplit(target)
    return Request(method, parts.path, _params(parts.query, headers, body), headers, body)


async def post(url: str, body: bytes, headers: dict[str, str], timeout: float = 30) -> int:
    """Send `body`, as a proxy hands on what came by https. The answer's status, 0 without one."""
    parts = urlsplit(url)
    lines = [f"POST {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
    lines += ["X-Forwarded-Proto: https"]
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer = None
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            await writer.drain()
            status = await reader.readline()
            await reader.read()
        return int(status.split()[1])
    except (OSError, TimeoutError, IndexError):
        return 0
    finally:
        if writer:
            writer.close()


def _params(query: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    params = nested(parse_qsl(query, keep_blank_values=True))
    if headers.get("content-type", "").startswith("application/json"):
        return params | (json.loads(body) if body else {})
    return params | nested(parse_qsl(body.decode(), keep_blank_values=True))


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """`metadata[payment]=x` and `expand[0]=y` as dictionaries; a list is one by its numbers."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        first, *others = name.replace("]", "").split("[")
        place = tree
        for step in others:
            place = place.setdefault(first, {})
            first = step or str(len(place))
        place[first] = value
    return tree
