"""Facts about promotions and what they took off."""

from __future__ import annotations

from marketflow.core.invariants import invariant

invariant(
    "I10",
    "the promotion counter is its redemptions, within its limit",
    """
    SELECT p.id, p.used, count(r.id) AS redeemed FROM carts_promotion p
    LEFT JOIN orders_redemption r ON r.promotion_id = p.id AND r.state = 'used'
    GROUP BY p.id, p.used, p.max_uses
    HAVING count(r.id) <> p.used OR count(r.id) > p.max_uses
    """,
)

invariant(
    "I10",
    "a promotion is used within the limit per buyer",
    """
    SELECT r.promotion_id, r.buyer_key, count(*) AS redeemed FROM orders_redemption r
    JOIN carts_promotion p ON p.id = r.promotion_id
    WHERE r.state = 'used'
    GROUP BY r.promotion_id, r.buyer_key, p.max_per_buyer HAVING count(*) > p.max_per_buyer
        OR count(r.slot) < count(*)
    """,
)

invariant(
    "I10",
    "an order that came to nothing uses no promotion, and every other uses its own",
    """
    SELECT r.id, r.state, o.state AS order_state FROM orders_redemption r
    JOIN orders_order o ON o.id = r.order_id
    WHERE (r.state = 'released') <> (o.state IN ('cancelled', 'expired'))
    """,
)

invariant(
    "I10",
    "what promotions took off an order is what its lines and deliveries were reduced by",
    """
    SELECT o.id, o.discount_minor, l.goods, s.delivery, r.discount FROM orders_order o
    JOIN (SELECT so.order_id, sum(l.discount_minor) AS goods,
                 sum(l.discount_funded_minor) AS funded
          FROM orders_orderline l JOIN orders_sellerorder so ON so.id = l.seller_order_id
          GROUP BY so.order_id) l ON l.order_id = o.id
    JOIN (SELECT order_id, sum(shipping_discount_minor) AS delivery,
                 sum(shipping_funded_minor) AS funded
          FROM orders_sellerorder GROUP BY order_id) s ON s.order_id = o.id
    LEFT JOIN (SELECT order_id, sum(discount_minor) AS discount, sum(funded_minor) AS funded
               FROM orders_redemption GROUP BY order_id) r ON r.order_id = o.id
    WHERE o.discount_minor <> l.goods
       OR coalesce(r.discount, 0) <> l.goods + s.delivery
       OR coalesce(r.funded, 0) <> l.funded + s.funded
    """,
)

invariant(
    "I10",
    "what a statement names of a discount is what was taken off, line by line",
    """
    SELECT CASE WHEN x.line = 0 THEN x.part ELSE x.line END AS id, x.part, x.line, x.discount,
           coalesce(s.discount, 0) AS named FROM (
        SELECT l.seller_order_id AS part, l.id AS line, l.discount_minor AS discount,
               l.discount_funded_minor AS funded FROM orders_orderline l
        UNION ALL
        SELECT id, 0, shipping_discount_minor, shipping_funded_minor FROM orders_sellerorder
    ) x
    JOIN orders_sellerorder so ON so.id = x.part
    LEFT JOIN (SELECT seller_order_id AS part, coalesce(order_line_id, 0) AS line,
                      sum(discount_minor) AS discount, sum(funded_minor) AS funded
               FROM orders_redemptionshare
               GROUP BY seller_order_id, coalesce(order_line_id, 0)) s
        ON s.part = x.part AND s.line = x.line
    WHERE so.order_id IN (SELECT r.order_id FROM orders_redemption r
                          JOIN orders_redemptionshare rs ON rs.redemption_id = r.id)
      AND (coalesce(s.discount, 0) <> x.discount OR coalesce(s.funded, 0) <> x.funded)
    """,
)

invariant(
    "I10",
    "the shares of a promotion's use add up to it",
    """
    SELECT r.id, r.discount_minor, sum(s.discount_minor) AS shares FROM orders_redemption r
    JOIN orders_redemptionshare s ON s.redemption_id = r.id
    JOIN orders_sellerorder so ON so.id = s.seller_order_id
    GROUP BY r.id, r.order_id, r.discount_minor, r.funded_minor
    HAVING sum(s.discount_minor) <> r.discount_minor OR sum(s.funded_minor) <> r.funded_minor
        OR min(so.order_id) <> r.order_id OR max(so.order_id) <> r.order_id
    """,
)

invariant(
    "I10",
    "what the marketplace pays of discounts is booked, part by part, less what went back",
    """
    SELECT so.id, coalesce(b.booked, 0) AS booked FROM orders_sellerorder so
    JOIN orders_order o ON o.id = so.order_id
    JOIN (SELECT seller_order_id, sum(discount_funded_minor - funded_back_minor) AS goods
          FROM orders_orderline GROUP BY seller_order_id) l ON l.seller_order_id = so.id
    LEFT JOIN (SELECT t.seller_order_id,
                      sum(CASE WHEN d.kind = 'promotion' THEN t.amount_minor
                               ELSE -t.amount_minor END) AS booked
               FROM orders_ledgertransfer t
               JOIN orders_ledgeraccount d ON d.id = t.debit_id
               JOIN orders_ledgeraccount c ON c.id = t.credit_id
               WHERE d.kind = 'promotion' OR c.kind = 'promotion'
               GROUP BY t.seller_order_id) b ON b.seller_order_id = so.id
    WHERE coalesce(b.booked, 0) <> CASE WHEN o.paid_at IS NULL THEN 0
          ELSE l.goods + so.shipping_funded_minor - so.shipping_funded_back_minor END
    """,
)
