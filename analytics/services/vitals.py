"""How fast the pages are for those who visit them, and which scripts fail there.

Kept as counts by day, so that what is stored grows with the pages and not with the visits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection, models, transaction
from django.db.models import F, Max, QuerySet, Sum
from django.utils.timezone import localdate

from analytics.beacon import Failure, Told
from analytics.models import PageVital, ScriptError

KEPT_DAYS = 90
# Of different errors a day: a browser can send whatever it likes.
MOST_ERRORS_A_DAY = 200
MOST_SHOWN = 20
SHARE = 0.75

# Bounds of the buckets: what is beyond the last counts as the last. Those of RATED are among them.
BOUNDS: dict[str, list[int]] = {
    "lcp": [
        100, 200, 300, 400, 500, 600, 800, 1000, 1200, 1500, 1800, 2100, 2500, 3000, 3500, 4000,
        5000, 6000, 8000, 10_000, 15_000, 30_000,
    ],
    "inp": [
        16, 24, 32, 48, 64, 80, 104, 128, 160, 200, 250, 300, 400, 500, 700, 1000, 2000, 5000,
    ],
    "cls": [0, 5, 10, 25, 50, 75, 100, 150, 200, 250, 400, 600, 1000, 2000],
}  # fmt: skip
# The most that is good, and the most that is bearable (web.dev/articles/vitals).
RATED = {"lcp": (2500, 4000), "inp": (200, 500), "cls": (100, 250)}

COUNT = """
    INSERT INTO {table} ({columns}, times) VALUES {rows}
    ON CONFLICT ({columns}) DO UPDATE SET times = {table}.times + 1
"""


@dataclass(frozen=True)
class Vital:
    """What three of four visits did not exceed: milliseconds, or thousandths of layout shifts."""

    metric: str
    value: int

    def __str__(self) -> str:
        if self.metric == "lcp":
            return f"{self.value / 1000:.1f} s"
        return f"{self.value} ms" if self.metric == "inp" else f"{self.value / 1000:.2f}"

    @property
    def rating(self) -> str:
        good, bearable = RATED[self.metric]
        if self.value <= good:
            return "good"
        return "bearable" if self.value <= bearable else "poor"


@dataclass(frozen=True)
class PageFigures:
    """`visits` were measured; a vital that no browser told is None."""

    page: str
    visits: int
    lcp: Vital | None
    inp: Vital | None
    cls: Vital | None


def record(told: Told) -> None:
    """Count one visit. A visit that is told twice counts twice: nothing says whose it was."""
    day = localdate()
    _count(
        PageVital,
        ["day", "page", "metric", "device", "up_to"],
        [
            (day, told.page, metric, told.device, _bucket(metric, value))
            for metric, value in sorted(told.vitals.items())
        ],
    )
    for failure in sorted(set(told.failures), key=lambda one: (one.module, one.line, one.message)):
        _record_failure(day, failure)


def of_pages(*, days: int, device: str = "") -> list[PageFigures]:
    """The pages that were visited in the last `days` with today, most visits first. One query."""
    rows = _of_the_last(PageVital.objects.all(), days)
    if device:
        rows = rows.filter(device=device)
    counts: dict[str, dict[str, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
    for page, metric, up_to, times in (
        rows.order_by().values_list("page", "metric", "up_to").annotate(sum=Sum("times"))
    ):
        counts[page][metric][up_to] += times
    found = [_figures(page, by_metric) for page, by_metric in counts.items()]
    return sorted(found, key=lambda one: (-one.visits, one.page))


def of_scripts(*, days: int) -> QuerySet:
    """The errors that happened most in the last `days` with today, as rows of one query."""
    rows = _of_the_last(ScriptError.objects.all(), days)
    rows = rows.order_by().values("message", "module", "line")
    found = rows.annotate(sum=Sum("times"), last=Max("day"))
    return found.order_by("-sum", "module", "line", "message")[:MOST_SHOWN]


def forget_old() -> int:
    """Drop days that nobody compares with any more. Returns how many rows went."""
    before = localdate() - timedelta(days=KEPT_DAYS)
    return sum(
        model.objects.filter(day__lt=before).delete()[0] for model in (PageVital, ScriptError)
    )


def percentile(counts: Mapping[int, int], bounds: Sequence[int], share: float = SHARE) -> int:
    """What `share` of the values did not exceed, taking those of a bucket as evenly spread.

    `counts`: how many there are by the upper bound of their bucket; at least one.
    """
    wanted = sum(counts.values()) * share
    below = 0
    for up_to in sorted(counts):
        if below + counts[up_to] >= wanted:
            break
        below += counts[up_to]
    place = bisect_left(bounds, up_to)
    start = bounds[place - 1] if place else 0
    return round(start + (up_to - start) * (wanted - below) / counts[up_to])


def _figures(page: str, by_metric: Mapping[str, Counter[int]]) -> PageFigures:
    vitals = {
        metric: Vital(metric, percentile(counts, BOUNDS[metric]))
        for metric, counts in by_metric.items()
    }
    visits = max(counts.total() for counts in by_metric.values())
    return PageFigures(page, visits, **dict.fromkeys(BOUNDS) | vitals)


def _bucket(metric: str, value: int) -> int:
    bounds = BOUNDS[metric]
    return bounds[min(bisect_left(bounds, value), len(bounds) - 1)]


def _of_the_last(rows: QuerySet, days: int) -> QuerySet:
    return rows.filter(day__gt=localdate() - timedelta(days=days))


@transaction.atomic
def _record_failure(day: date, failure: Failure) -> None:
    today = ScriptError.objects.filter(day=day)
    same = today.filter(message=failure.message, module=failure.module, line=failure.line)
    if same.update(times=F("times") + 1) or today.count() >= MOST_ERRORS_A_DAY:
        return
    row = (day, failure.message, failure.module, failure.line)
    _count(ScriptError, ["day", "message", "module", "line"], [row])


def _count(model: type[models.Model], columns: list[str], rows: Iterable[tuple]) -> None:
    """One more of each of `rows`, in one statement, which takes them in their order.

    Two visitors who leave the same page at once add to the same rows, and none of it is lost.
    """
    rows = list(rows)
    if not rows:
        return
    marks = f"({', '.join(['%s'] * len(columns))}, 1)"
    statement = COUNT.format(
        table=model._meta.db_table,
        columns=", ".join(columns),
        rows=", ".join([marks] * len(rows)),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for row in rows for value in row])
