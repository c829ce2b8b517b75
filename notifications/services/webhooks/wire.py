"""One request to somebody's program, and as much of the answer as a log needs."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from marketflow.core import outside

SECONDS = 5
MOST_ANSWER = 2000
MOST_HEADERS = 20
PORTS = {"http": 80, "https": 443}
# Below lie services that speak something else, to whom a request could be an order.
FIRST_FREE_PORT = 1024
# What an answer may hold and a log must not.
PRIVATE_HEADERS = {"set-cookie", "authorization", "proxy-authenticate", "www-authenticate"}
LEFT_OUT = "…"


@dataclass(frozen=True)
class Answer:
    """What came back; without a `status`, `error` says why nothing did."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    error: str = ""
    milliseconds: int = 0

    @property
    def is_accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def check(url: str) -> None:
    """Raise `outside.Forbidden` or `outside.Away` for what nothing may be sent to."""
    parts = _split(url)
    _resolve(parts, SECONDS)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send `body`, for at most SECONDS in all. Raises nothing: the answer tells."""
    begun = time.monotonic()
    try:
        answer = _post(url, body, headers, begun + SECONDS)
    except outside.Forbidden:
        answer = Answer(error="The address is not a public one.")
    except (outside.Away, OSError, http.client.HTTPException, ValueError) as problem:
        late = time.monotonic() - begun >= SECONDS
        words = f"No answer within {SECONDS} seconds." if late else f"{problem}"
        answer = Answer(error=words[:300] or type(problem).__name__)
    took = round((time.monotonic() - begun) * 1000)
    return Answer(answer.status, answer.headers, answer.body, answer.error, took)


def _post(url: str, body: bytes, headers: Mapping[str, str], deadline: float) -> Answer:
    parts = _split(url)
    address = _resolve(parts, deadline - time.monotonic())
    left = deadline - time.monotonic()
    line = outside.Line(
        parts.hostname,
        _port(parts),
        address=address,
        is_safe=parts.scheme == "https",
        seconds=left,
    )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with line.for_at_most(left):
        line.request("POST", path, body=body, headers=dict(headers))
        response = line.getresponse()
        text = _beginning(response)
        # Cut off looks like the end of the body.
        if time.monotonic() >= deadline:
            raise outside.Away("too slow")
        return Answer(response.status, _shown(response), text, _verdict(response.status))


def _split(url: str) -> SplitResult:
    """The parts of an address that may be a web address. Raises `outside.Forbidden`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise outside.Forbidden(url) from problem
    is_plain = port is None or port in PORTS.values() or port >= FIRST_FREE_PORT
    if parts.scheme not in PORTS or not parts.hostname or not is_plain:
        raise outside.Forbidden(url)
    if parts.username or parts.password or parts.fragment:
        raise outside.Forbidden(url)
    if any(character <= " " or character > "~" for character in url):
        raise outside.Forbidden(url)
    return parts


def _resolve(parts: SplitResult, seconds: float) -> str:
    """The address to connect to; without TLS only where the setting allows the network."""
    allowed = settings.WEBHOOK_ALLOWED_NETWORKS
    address = outside.resolve(parts.hostname, _port(parts), seconds=seconds, allowed=allowed)
    if parts.scheme != "https" and not outside.is_within(address, allowed):
        raise outside.Forbidden(parts.hostname)
    return address


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def _beginning(response: http.client.HTTPResponse) -> str:
    data = bytearray()
    while len(data) < MOST_ANSWER and (chunk := response.read1(MOST_ANSWER)):
        data += chunk
    text = bytes(data[:MOST_ANSWER]).decode("utf-8", "replace")
    return text.replace("\x00", "\ufffd")


def _shown(response: http.client.HTTPResponse) -> dict[str, str]:
    shown = {}
    for name, value in response.getheaders()[:MOST_HEADERS]:
        is_private = name.lower() in PRIVATE_HEADERS
        shown[_clean(name)[:60]] = LEFT_OUT if is_private else _clean(value)[:200]
    return shown


def _clean(text: str) -> str:
    return text.replace("\x00", "\ufffd")


def _verdict(status: int) -> str:
    if 300 <= status < 400:
        return "A redirect, which is not followed."
    return "" if 200 <= status < 300 else f"Answered {status}."
