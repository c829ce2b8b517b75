"""What is bought together: counted from the orders in one statement, handed down to catalog.

The score of a pair is the cosine of the orders that hold either, weakened where only few hold
both, so that one odd order does not outweigh a habit.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.utils.timezone import now

from catalog.services import recommendations
from catalog.services.recommendations import Affinity

# More in one order is stocking up, not taste; and pairs grow by the square.
MOST_IN_AN_ORDER = 30
MOST_EACH = 20

STATEMENT = """
WITH bought AS (
    SELECT DISTINCT so.order_id, v.product_id
    FROM orders_orderline l
    JOIN orders_sellerorder so ON so.id = l.seller_order_id
    JOIN orders_order o ON o.id = so.order_id
    JOIN catalog_variant v ON v.id = l.variant_id
    WHERE o.paid_at < %(until)s AND l.quantity > l.released
),
small AS (
    SELECT order_id FROM bought GROUP BY order_id HAVING count(*) <= %(most)s
),
kept AS (
    SELECT b.order_id, b.product_id FROM bought b JOIN small s ON s.order_id = b.order_id
),
sold AS (SELECT product_id, count(*) AS orders FROM kept GROUP BY product_id),
pairs AS (
    SELECT a.product_id, b.product_id AS other_id, count(*) AS together
    FROM kept a JOIN kept b ON b.order_id = a.order_id AND b.product_id <> a.product_id
    GROUP BY a.product_id, b.product_id
),
scored AS (
    SELECT p.product_id, p.other_id, p.together,
           10000.0 * p.together / sqrt(1.0 * s.orders * t.orders)
           * p.together / (p.together + 1.0) AS score
    FROM pairs p
    JOIN sold s ON s.product_id = p.product_id
    JOIN sold t ON t.product_id = p.other_id
),
ranked AS (
    SELECT scored.*, row_number() OVER (
        PARTITION BY product_id ORDER BY score DESC, together DESC, other_id
    ) AS place
    FROM scored
)
SELECT product_id, other_id, score, together FROM ranked
WHERE place <= %(each)s ORDER BY product_id, place
"""


def rebuild() -> int:
    """Count all orders anew and hand the pairs down. Safe to repeat. Returns how many pairs."""
    return recommendations.replace(count(until=now()))


def count(*, until: datetime) -> Iterable[Affinity]:
    """The pairs of orders that were paid before `until`, the best of each product first."""
    moment = connection.ops.adapt_datetimefield_value(until)
    values = {"until": moment, "most": MOST_IN_AN_ORDER, "each": MOST_EACH}
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, values)
        rows = cursor.fetchall()
    return [
        Affinity(product_id=product, other_id=other, score=round(score), together=both)
        for product, other, score, both in rows
    ]
