"""Reviews on the pages of products and shops: the average, the histogram, a page of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import Avg, Count, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from orders.services.review_lists import Wanted, histogram

A_PAGE = 10
ANCHOR = "#reviews"
ORDERS = {"newest": _("Newest"), "-rating": _("Best first"), "rating": _("Worst first")}


@dataclass(frozen=True)
class Bar:
    """One row of the histogram. It links to the reviews it counts, or back to all."""

    stars: int
    count: int
    is_chosen: bool
    url: str


class CountedPaginator(Paginator):
    """The histogram has counted already."""

    def __init__(self, rows: QuerySet, per_page: int, count: int) -> None:
        super().__init__(rows, per_page)
        self.counted = count

    @property
    def count(self) -> int:
        return self.counted


class ReviewSection:
    """What a page shows of `rows`, as its address asks: `rating`, `ordering`, `page`."""

    def __init__(self, rows: QuerySet, data: QueryDict) -> None:
        self.rows, self.data = rows, data
        self.wanted = Wanted.of(data)

    @cached_property
    def counts(self) -> dict[int, int]:
        return histogram(self.rows)

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    @property
    def average(self) -> Decimal:
        stars = sum(stars * n for stars, n in self.counts.items())
        return Decimal(stars) / self.count if self.count else Decimal(0)

    @cached_property
    def bars(self) -> list[Bar]:
        return [self._bar(stars, n) for stars, n in self.counts.items()]

    @cached_property
    def page(self) -> Page:
        chosen = self.wanted.ratings
        count = sum(n for stars, n in self.counts.items() if not chosen or stars in chosen)
        rows = self.wanted.narrow(self.rows).with_contents()
        return CountedPaginator(rows, A_PAGE, count).get_page(self.data.get("page"))

    @cached_property
    def orders(self) -> list[dict[str, object]]:
        return [
            {"label": label, "url": self._at(ordering=name), "is_chosen": name == self._ordering}
            for name, label in ORDERS.items()
        ]

    @property
    def all_url(self) -> str:
        """Without the choice of stars; nothing where none is chosen."""
        return self._at(rating=None) if self.wanted.ratings else ""

    @property
    def _ordering(self) -> str:
        return self.wanted.ordering

    def _bar(self, stars: int, count: int) -> Bar:
        is_chosen = stars in self.wanted.ratings
        return Bar(stars, count, is_chosen, self._at(rating=None if is_chosen else str(stars)))

    def _at(self, **changes: str | None) -> str:
        data = self.data.copy()
        data.pop("page", None)
        for name, value in changes.items():
            data.pop(name, None)
            if value is not None:
                data[name] = value
        query = data.urlencode()
        return f"?{query}{ANCHOR}" if query else f"?{ANCHOR}"


def with_rating(shops: QuerySet) -> QuerySet:
    """Shops with `rating_average` and `rating_count` of all that people said of their goods."""
    shown = Q(reviews__withdrawn_at=None, reviews__hidden_at=None)
    return shops.annotate(
        rating_count=Count("reviews", filter=shown),
        rating_average=Avg("reviews__rating", filter=shown),
    )
