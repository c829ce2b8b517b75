"""Which reviews are read, and in what order. Pages and the API ask alike."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Count, QuerySet
from django.http import QueryDict

from orders.models import Review

ORDERINGS = {
    "newest": ("-created_at", "-pk"),
    "-rating": ("-rating", "-created_at", "-pk"),
    "rating": ("rating", "-created_at", "-pk"),
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Those with any of `ratings`, or all; `wrong` are the parameters that make no sense."""

    ratings: tuple[int, ...] = ()
    ordering: str = "newest"
    wrong: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, data: QueryDict) -> Wanted:
        """Read `rating` and `ordering`."""
        stars = set(data.getlist("rating"))
        known = {str(number): number for number in Review.STARS}
        ordering = data.get("ordering") or "newest"
        wrong = {"rating"} if stars - known.keys() else set()
        if ordering not in ORDERINGS:
            wrong.add("ordering")
        return cls(
            ratings=tuple(sorted(known[one] for one in stars & known.keys())),
            ordering=ordering if ordering in ORDERINGS else "newest",
            wrong=frozenset(wrong),
        )

    def narrow(self, rows: QuerySet) -> QuerySet:
        if self.ratings:
            rows = rows.filter(rating__in=self.ratings)
        return rows.order_by(*ORDERINGS[self.ordering])


def histogram(rows: QuerySet) -> dict[int, int]:
    """How many gave 5, 4, 3, 2 and 1 stars, in one query."""
    found = dict(rows.order_by().values_list("rating").annotate(n=Count("pk")))
    return {stars: found.get(stars, 0) for stars in Review.STARS}
