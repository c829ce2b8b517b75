"""What to show beside a product, and to somebody who bought some. Each says why.

What is bought together comes first; where too little is known, what is popular in the same
category, then in the market. Nothing that is sold out, not listed, or known already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from catalog.models import Product, Recommendation

MOST = 10
BATCH = 1000


@dataclass(frozen=True)
class Affinity:
    """`other` is bought with `product`: in `together` orders, with a score in ten-thousandths."""

    product_id: int
    other_id: int
    score: int
    together: int


@dataclass(frozen=True)
class Recommended:
    """A product, and why: `code` for programs, `reason` for people."""

    product_id: int
    code: str
    reason: str


@transaction.atomic
def replace(affinities: Iterable[Affinity]) -> int:
    """Keep `affinities` and nothing else. Returns how many. Safe to repeat, and at once."""
    Recommendation.objects.all().delete()
    rows = [
        Recommendation(
            product_id=one.product_id,
            other_id=one.other_id,
            score=one.score,
            together=one.together,
        )
        for one in affinities
    ]
    Recommendation.objects.bulk_create(
        rows,
        BATCH,
        # Another run may have written since: what this one counted is as good.
        update_conflicts=True,
        unique_fields=["product", "other"],
        update_fields=["score", "together"],
    )
    return len(rows)


def beside(
    seeds: Collection[int], *, known: Collection[int] = (), most: int = MOST
) -> list[Recommended]:
    """What goes with the products `seeds`, best first, without them and without `known`."""
    taken = {*seeds, *known}
    found = together(seeds, known=taken, most=most)
    for code, products in _popular(seeds):
        if len(found) >= most:
            break
        taken |= {one.product_id for one in found}
        missing = products.exclude(pk__in=taken)[: most - len(found)]
        found += [_popular_one(product, code) for product in missing]
    return found


def together(
    seeds: Collection[int], *, known: Collection[int] = (), most: int = MOST
) -> list[Recommended]:
    """Only what is bought with `seeds`, in one query; the score of several adds up."""
    rows = Recommendation.objects.filter(product__in=seeds, other__in=_to_be_had())
    rows = rows.exclude(other__in={*seeds, *known}).select_related("product")
    scores: dict[int, int] = {}
    reasons: dict[int, str] = {}
    for row in rows.order_by("-score", "pk")[: most * max(len(seeds), 1) * 2]:
        scores[row.other_id] = scores.get(row.other_id, 0) + row.score
        words = {"title": row.product.title}
        reasons.setdefault(row.other_id, _("Often bought with %(title)s") % words)
    best = sorted(scores, key=lambda pk: (-scores[pk], pk))[:most]
    return [Recommended(pk, "bought_together", reasons[pk]) for pk in best]


def as_cards(recommended: Iterable[Recommended]) -> list[Product]:
    """The products with what their summary reads, each with its reason, in three queries."""
    why = {one.product_id: one for one in recommended}
    found = Product.objects.filter(pk__in=why).with_card_data().in_bulk()
    cards = [found[pk] for pk in why if pk in found]
    for card in cards:
        card.reason, card.reason_code = why[card.pk].reason, why[card.pk].code
    return cards


def companions(product_id: int) -> QuerySet:
    """Recommendations of one product that can be had, best first: a shelf takes a few."""
    rows = Recommendation.objects.filter(product=product_id, other__in=_to_be_had())
    return rows.order_by("-score", "other")


def with_affinity(products: QuerySet, seeds: Iterable[Product]) -> QuerySet:
    """`products`, each with its `affinity` to any of `seeds`: a score, or None."""
    rows = Recommendation.objects.filter(
        product__in=[seed.pk for seed in seeds], other=OuterRef("pk")
    )
    return products.annotate(affinity=Subquery(rows.order_by("-score").values("score")[:1]))


def _popular(seeds: Collection[int]) -> Iterable[tuple[str, QuerySet]]:
    popular = _to_be_had().select_related("category").order_by("-units_sold", "-pk")
    if seeds:
        categories = Product.objects.filter(pk__in=seeds).values("category")
        yield "popular_in_category", popular.filter(category__in=categories)
    yield "popular", popular


def _popular_one(product: Product, code: str) -> Recommended:
    if code == "popular_in_category":
        words = _("Popular in %(name)s") % {"name": product.category.name}
        return Recommended(product.pk, code, words)
    return Recommended(product.pk, code, _("Popular in the market"))


def _to_be_had() -> QuerySet:
    return Product.objects.listed().in_stock()
