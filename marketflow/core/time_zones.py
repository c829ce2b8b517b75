"""The zone that times are shown in: the visitor's, by a cookie that the pages' script sets.

Only what people read is moved. Rules go by the market's own day: no cookie may decide which VAT
rate is in force or what date an invoice bears, so Django's current time zone stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.formats import date_format
from django.utils.timezone import get_default_timezone, localtime

COOKIE = "tz"
TIME_OF_DAY = "H"


@dataclass
class _Reader:
    """Whose eyes a page is for. `was_asked`: the page shows a time, and depends on the cookie."""

    zone: ZoneInfo | None = None
    was_asked: bool = False


_reader: ContextVar[_Reader | None] = ContextVar("reader", default=None)


class TimeZoneMiddleware:
    """Let `in_words` know the visitor's zone; an answer that shows times varies by cookie."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reader = _Reader(named(request.COOKIES.get(COOKIE, "")))
        token = _reader.set(reader)
        try:
            response = self.get_response(request)
        finally:
            _reader.reset(token)
        if reader.was_asked:
            patch_vary_headers(response, ["Cookie"])
        return response


def named(name: str) -> ZoneInfo | None:
    """The zone of this name, which comes from outside; None for what is none."""
    return ZoneInfo(name) if name in _names() else None


def shown_in() -> ZoneInfo | None:
    """The visitor's zone, None while it is not known."""
    reader = _reader.get()
    if reader is None:
        return None
    reader.was_asked = True
    return reader.zone


def in_words(moment: datetime, form: str) -> str:
    """`moment` in the visitor's zone, by Django's date format `form`.

    Where the zone is not known, a time of day names the one it is in: "14:35 UTC".
    """
    zone = shown_in()
    words = date_format(localtime(moment, zone or get_default_timezone()), form)
    if zone or TIME_OF_DAY not in form:
        return words
    return f"{words} {get_default_timezone()}"


@cache
def _names() -> frozenset[str]:
    # Reading the list means looking into hundreds of files: once.
    return frozenset(available_timezones())
