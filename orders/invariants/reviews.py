"""Facts about reviews and the ratings that lists read."""

from __future__ import annotations

from marketflow.core.invariants import invariant

SHOWN = "withdrawn_at IS NULL AND hidden_at IS NULL"

invariant(
    "I20",
    "a product's rating is that of its reviews",
    f"""
    SELECT p.id, p.rating_count, p.rating_average, coalesce(r.n, 0) AS reviews
    FROM catalog_product p
    LEFT JOIN (SELECT product_id, count(*) AS n, sum(rating) AS stars FROM orders_review
               WHERE {SHOWN} GROUP BY product_id) r ON r.product_id = p.id
    WHERE p.rating_count <> coalesce(r.n, 0)
       OR abs(p.rating_average * p.rating_count - coalesce(r.stars, 0)) > 0.0051 * p.rating_count
    """,
)

invariant(
    "I20",
    "a review is of a line that arrived, of its product and its shop, by its buyer",
    """
    SELECT r.id FROM orders_review r
    JOIN orders_orderline l ON l.id = r.line_id
    JOIN catalog_variant v ON v.id = l.variant_id
    JOIN orders_sellerorder so ON so.id = l.seller_order_id
    JOIN orders_order o ON o.id = so.order_id
    WHERE so.state NOT IN ('delivered', 'completed') OR l.shipped = 0
       OR v.product_id <> r.product_id OR so.shop_id <> r.shop_id
       OR o.buyer_id IS NULL OR o.buyer_id <> r.author_id
    """,
)

invariant(
    "I20",
    "a line is reviewed once",
    "SELECT line_id, count(*) AS n FROM orders_review GROUP BY line_id HAVING count(*) > 1",
)

invariant(
    "I20",
    "a review is answered once, by somebody, and what is withdrawn says nothing",
    """
    SELECT id FROM orders_review
    WHERE (replied_at IS NULL) <> (replied_by_id IS NULL)
       OR (replied_at IS NULL AND reply <> '')
       OR (withdrawn_at IS NOT NULL AND (body <> '' OR title <> '' OR reply <> ''))
    """,
)
