"""`?changed_since=`: lists of what changed, for jobs that come again and must miss nothing.

Rows are read in the order of their last change, by a cursor. A row bears the hour at which it was
changed and is seen when that commits, which may be later: whoever goes on from the newest row read
misses it. So every answer names `changed_until`, the hour to ask from next time: before it nothing
is still to come. On PostgreSQL that is the beginning of the oldest transaction that is still open;
on SQLite, with its one writer, a minute ago. What changed meanwhile comes twice, never not at all.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Expression, F, Func, Q, QuerySet, TextField, Value
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from marketflow.core.api.pagination import Pages

# Hosts' clocks differ a little, and some hours are set by theirs.
SKEW = timedelta(seconds=10)
# SQLite's writers wait for each other for 20 seconds at most.
LONGEST_WRITE = timedelta(seconds=60)
OLDEST_OPEN = """
    SELECT least(now(), min(xact_start)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# Beyond lie errors of whoever asks, and of calendars.
EARLIEST, LATEST = 1970, 9000
PARAMETERS = [
    OpenApiParameter(
        "changed_since",
        OpenApiTypes.DATETIME,
        description="Only what changed since, oldest change first: `next` leads on, and "
        "`changed_until` is what to ask from next time. Beside it `page` is 1, if anything.",
    ),
    OpenApiParameter("cursor", OpenApiTypes.STR, description="Of `next`; not to be made."),
]


def changed_until() -> datetime:
    """The hour before which every change has been committed."""
    if connection.vendor != "postgresql":
        return datetime.now(UTC) - LONGEST_WRITE
    with connection.cursor() as cursor:
        cursor.execute(OLDEST_OPEN)
        (moment,) = cursor.fetchone()
    return moment - SKEW


def is_asked(request: Request) -> bool:
    return "changed_since" in request.query_params or "cursor" in request.query_params


@dataclass(frozen=True)
class Page:
    """One page of what changed. `answer` wraps what is made of `rows`."""

    request: Request
    rows: list[Any]
    until: str
    following: str | None

    def answer(self, results: Any) -> Response:
        url = None
        if self.following:
            url = replace_query_param(self.request.build_absolute_uri(), "cursor", self.following)
        return Response({"next": url, "changed_until": self.until, "results": results})


def page(
    request: Request, rows: QuerySet, column: str = "changed_at", without: Iterable[str] = ()
) -> Page:
    """The page of `rows` that the request asks for, by their column `column`.

    Raises ValidationError for what it asks for beside that would be ignored: a later `page`, and
    the parameters `without` which the list is read here.
    """
    # What `next` named goes on working, whatever it carries.
    if "cursor" not in request.query_params:
        _refuse_ignored(request, without)
    size = min(_number(request, Pages.page_size), Pages.max_page_size)
    rows = rows.annotate(hour_of_change=_hour(column))
    if "cursor" in request.query_params:
        hour, pk, until = _read(request.query_params["cursor"])
        later = Q(hour_of_change__gt=hour) | Q(hour_of_change=hour, pk__gt=pk)
    else:
        # Before anything is read: what commits meanwhile is of the next time.
        until = changed_until().isoformat().replace("+00:00", "Z")
        later = Q(hour_of_change__gte=_comparable(_moment(request.query_params["changed_since"])))
    found = list(rows.filter(later).order_by("hour_of_change", "pk")[: size + 1])
    following = None
    if len(found) > size:
        found.pop()
        following = _written(found[-1].hour_of_change, found[-1].pk, until)
    return Page(request, found, until, following)


def _refuse_ignored(request: Request, names: Iterable[str]) -> None:
    ignored = set(names) & set(request.query_params)
    # Clients that are made of the document ask for the first page of every list.
    if request.query_params.get("page", "1") != "1":
        ignored.add("page")
    if ignored:
        raise ValidationError(dict.fromkeys(sorted(ignored), ["Not together with changed_since."]))


def _hour(column: str) -> Expression:
    """What rows are ordered and compared by.

    SQLite compares hours as texts, and its own clock writes three digits where Python writes six.
    """
    if connection.vendor == "postgresql":
        return F(column)
    return Func(
        Value("%Y-%m-%d %H:%M:%f"), F(column), function="strftime", output_field=TextField()
    )


def _comparable(moment: datetime) -> datetime | str:
    if connection.vendor == "postgresql":
        return moment
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _number(request: Request, default: int) -> int:
    text = request.query_params.get("page_size", str(default))
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 10 and int(text)):
        raise ValidationError({"page_size": ["A whole number from 1."]})
    return int(text)


def _moment(text: str) -> datetime:
    # A `+` in an address that nobody escaped is a space.
    try:
        moment = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or not EARLIEST <= moment.year <= LATEST:
        raise ValidationError({"changed_since": ["A time, such as 2026-01-31T14:00:00Z."]})
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _written(hour: datetime | str, pk: int, until: str) -> str:
    moment = datetime.fromisoformat(hour).replace(tzinfo=UTC) if isinstance(hour, str) else hour
    text = json.dumps([moment.isoformat(), pk, until])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(text: str) -> tuple[datetime | str, int, str]:
    try:
        padded = text + "=" * (-len(text) % 4)
        hour, pk, until = json.loads(base64.urlsafe_b64decode(padded.encode()))
        _aware(until)
        return _comparable(_aware(hour)), int(pk), until
    except (ValueError, TypeError, AttributeError) as problem:
        raise ValidationError({"cursor": ["Not one that `next` names."]}) from problem


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or not EARLIEST <= moment.year <= LATEST:
        raise ValueError(text)
    return moment
