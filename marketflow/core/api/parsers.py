"""Reading bodies, up to a size and a depth: what is larger is refused before it is understood."""

from __future__ import annotations

import json
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

# What stands around a file in a multipart body: boundaries, headers, short texts.
ENVELOPE_BYTES = 100_000


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = "The request is too large."


class JSONBody(BaseParser):
    """JSON as RFC 8259 has it: no `NaN`, and no nesting that only an attacker writes."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str = "", parser_context: Any = None) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge
        try:
            data = json.loads(body.decode(), parse_constant=_refuse)
            if b"\\ud" in body.lower():
                # Half a character, which no database and no answer could hold.
                json.dumps(data, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as problem:
            raise ParseError("The body is not valid JSON.") from problem
        if _is_too_deep(data):
            raise ParseError("The body is nested too deeply.")
        return data


class PictureBody(MultiPartParser):
    """A form with a picture in it."""

    def parse(self, stream: IO[bytes], media_type: str = "", parser_context: Any = None) -> Any:
        length = parser_context["request"].META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > settings.PICTURE_MAX_BYTES + ENVELOPE_BYTES:
            raise TooLarge
        return super().parse(stream, media_type, parser_context)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _is_too_deep(data: Any) -> bool:
    level = [data]
    for _ in range(settings.JSON_MAX_LEVELS):
        level = [inner for value in level for inner in _children(value)]
        if not level:
            return False
    return True


def _children(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
