"""Fetching a picture from an address that a stranger wrote into a file: see core.outside."""

from __future__ import annotations

import http.client
import time
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from catalog.services.pictures.refusals import BadPicture, TooLarge
from marketflow.core import outside

SECONDS = 5
PORTS = {"http": 80, "https": 443}
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
    line = outside.Line(
        parts.hostname,
        PORTS[parts.scheme],
        address=_resolve(parts.hostname, PORTS[parts.scheme]),
        is_safe=parts.scheme == "https",
        seconds=SECONDS,
    )
    with line.for_at_most(deadline - time.monotonic()):
        try:
            return _get(line, parts, deadline)
        except (OSError, http.client.HTTPException) as problem:
            raise NotFetched(f"{parts.hostname}: {problem}") from problem


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
        return outside.resolve(host, port, seconds=SECONDS)
    except outside.Away as problem:
        raise NotFetched(str(problem)) from problem
    except outside.Forbidden as problem:
        raise ForbiddenAddress from problem


def _get(line: outside.Line, parts: SplitResult, deadline: float) -> bytes:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Accept": "image/jpeg, image/png, image/webp", "Accept-Encoding": "identity"}
    line.request("GET", path, headers=headers | {"User-Agent": "MarketFlow"})
    response = line.getresponse()
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
