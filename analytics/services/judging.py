"""Whether recommendations are any good: what they would have guessed of the latest orders.

Orders are cut in time. Pairs are counted up to the cut; of every later order with several
products, each in turn is hidden and guessed from the rest. Plain popularity guesses beside it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from analytics.services import affinities
from orders.models import OrderLine

GUESSES = 10

Baskets = list[frozenset[int]]


@dataclass(frozen=True)
class Verdict:
    """`hits` of `tries` guessed right; `shown` different products among the guesses."""

    name: str
    tries: int
    hits: int
    shown: int
    products: int

    @property
    def hit_rate(self) -> float:
        return self.hits / self.tries if self.tries else 0.0

    @property
    def coverage(self) -> float:
        """The part of all products sold that is ever shown."""
        return self.shown / self.products if self.products else 0.0


@dataclass(frozen=True)
class Trial:
    cut: datetime | None
    trained: int
    held_out: int
    verdicts: list[Verdict]


def evaluate(*, share: float = 0.2) -> Trial:
    """Hold out the latest `share` (0 to 1) of the paid orders, and guess."""
    orders = _orders()
    at = int(len(orders) * (1 - share))
    past, later = orders[:at], orders[at:]
    if not past or not later:
        return Trial(None, len(past), len(later), [])
    cut = later[0][0]
    popular = _popular(basket for _paid, basket in past)
    paired = _paired(cut)
    baskets = [basket for _paid, basket in later if len(basket) > 1]
    products = len({product for _paid, basket in orders for product in basket})
    guessers = {
        "bought together": lambda known: _first(_by_pairs(known, paired), known),
        "together, then popular": lambda known: _first(
            [*_by_pairs(known, paired), *popular], known
        ),
        "popular": lambda known: _first(popular, known),
    }
    verdicts = [_judge(name, guess, baskets, products) for name, guess in guessers.items()]
    return Trial(cut, len(past), len(later), verdicts)


def _orders() -> list[tuple[datetime, frozenset[int]]]:
    """What each paid order holds, the oldest first."""
    lines = OrderLine.objects.filter(
        seller_order__order__paid_at__isnull=False, quantity__gt=F("released")
    ).order_by("seller_order__order__paid_at", "pk")
    held: dict[tuple, set[int]] = defaultdict(set)
    columns = "seller_order__order__paid_at", "seller_order__order", "variant__product"
    for paid_at, order, product in lines.values_list(*columns):
        held[paid_at, order].add(product)
    return [(paid_at, frozenset(basket)) for (paid_at, _order), basket in held.items()]


def _popular(baskets: Iterable[frozenset[int]]) -> list[int]:
    sold = Counter(product for basket in baskets for product in basket)
    return sorted(sold, key=lambda product: (-sold[product], product))


def _paired(cut: datetime) -> dict[int, list[tuple[int, int]]]:
    paired: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for one in affinities.count(until=cut):
        paired[one.product_id].append((one.other_id, one.score))
    return paired


def _by_pairs(known: frozenset[int], paired: dict[int, list[tuple[int, int]]]) -> list[int]:
    scores: Counter[int] = Counter()
    for product in known:
        for other, score in paired.get(product, ()):
            scores[other] += score
    return sorted(scores, key=lambda product: (-scores[product], product))


def _first(guesses: Iterable[int], known: frozenset[int]) -> list[int]:
    return [guess for guess in dict.fromkeys(guesses) if guess not in known][:GUESSES]


def _judge(
    name: str, guess: Callable[[frozenset[int]], list[int]], baskets: Baskets, products: int
) -> Verdict:
    tries = hits = 0
    shown: set[int] = set()
    for basket in baskets:
        for hidden in sorted(basket):
            guesses = guess(basket - {hidden})
            shown |= set(guesses)
            tries += 1
            hits += hidden in guesses
    return Verdict(name, tries, hits, len(shown), products)
