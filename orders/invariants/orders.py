"""Facts about orders, what they hold and what was paid. The ids are those of docs/safety."""

from __future__ import annotations

from marketflow.core.invariants import invariant
from orders.models import TRANSITIONS

invariant(
    "I2",
    "units allocated are exactly those that order lines hold",
    """
    SELECT s.id, s.allocated, coalesce(l.held, 0) AS held FROM catalog_stockitem s
    LEFT JOIN (SELECT stock_item_id, sum(allocated) AS held FROM orders_orderline
               GROUP BY stock_item_id) l ON l.stock_item_id = s.id
    WHERE s.allocated <> coalesce(l.held, 0)
    """,
)

invariant(
    "I3",
    "order lines are within their bounds",
    """
    SELECT id FROM orders_orderline
    WHERE quantity < 1 OR allocated < 0 OR released < 0 OR shipped < 0
       OR shipped + released > quantity
    """,
)

invariant(
    "I4",
    "every tracked unit of a line is allocated, released or sold",
    """
    SELECT l.id, l.quantity, l.allocated, l.released, coalesce(m.sold, 0) AS sold
    FROM orders_orderline l
    LEFT JOIN (SELECT order_line_ref, -sum(delta) AS sold FROM catalog_stockmovement
               WHERE kind = 'sale' GROUP BY order_line_ref) m ON m.order_line_ref = l.id
    WHERE l.stock_item_id IS NOT NULL
      AND l.allocated + l.released + coalesce(m.sold, 0) <> l.quantity
    """,
)

invariant(
    "I4",
    "units shipped are those in parcels",
    """
    SELECT l.id, l.shipped, coalesce(p.packed, 0) AS packed FROM orders_orderline l
    LEFT JOIN (SELECT line_id, sum(quantity) AS packed FROM orders_shipmentline
               GROUP BY line_id) p ON p.line_id = l.id
    WHERE l.shipped <> coalesce(p.packed, 0)
    """,
)

invariant(
    "I4",
    "a sale or return belongs to a line of that stock item",
    """
    SELECT m.id FROM catalog_stockmovement m
    LEFT JOIN orders_orderline l ON l.id = m.order_line_ref
    WHERE m.kind IN ('sale', 'return') AND (l.id IS NULL OR l.stock_item_id IS NULL
          OR l.stock_item_id <> m.stock_item_id)
    """,
)

invariant(
    "I4",
    "a closed order holds nothing",
    """
    SELECT l.id FROM orders_orderline l
    JOIN orders_sellerorder so ON so.id = l.seller_order_id
    JOIN orders_order o ON o.id = so.order_id
    WHERE o.state IN ('expired', 'cancelled') AND l.allocated <> 0
    """,
)

invariant(
    "I6",
    "a paid order has its money, in its currency",
    """
    SELECT o.id FROM orders_order o
    LEFT JOIN orders_payment p ON p.order_id = o.id AND p.currency = o.currency
    WHERE o.paid_at IS NOT NULL GROUP BY o.id, o.total_minor
    HAVING coalesce(sum(p.captured_minor), 0) < o.total_minor
    """,
)

invariant(
    "I6",
    "an order whose whole sum is captured is marked paid within 5 minutes",
    """
    SELECT o.id FROM orders_order o
    JOIN orders_payment p ON p.order_id = o.id AND p.currency = o.currency
    WHERE o.paid_at IS NULL AND o.state NOT IN ('expired', 'cancelled')
    GROUP BY o.id, o.total_minor
    HAVING sum(p.captured_minor) > 0 AND sum(p.captured_minor) >= o.total_minor
       AND max(p.captured_at) < %(t5)s
    """,
)

invariant(
    "I6",
    "money beyond the total, or for a closed order, is refunded or under way within 5 minutes",
    """
    SELECT o.id FROM orders_order o JOIN orders_payment p ON p.order_id = o.id
    LEFT JOIN (SELECT payment_id, sum(amount_minor) AS due FROM orders_refund
               WHERE state IN ('pending', 'succeeded') GROUP BY payment_id) r
      ON r.payment_id = p.id
    GROUP BY o.id, o.state, o.total_minor
    HAVING max(p.captured_at) < %(t5)s AND sum(p.captured_minor) - coalesce(sum(r.due), 0)
           > CASE WHEN o.state IN ('expired', 'cancelled') THEN 0 ELSE o.total_minor END
    """,
)

invariant(
    "I7",
    "each shop's part adds up from its lines",
    """
    SELECT so.id FROM orders_sellerorder so
    LEFT JOIN orders_orderline l ON l.seller_order_id = so.id
    GROUP BY so.id, so.total_minor, so.shipping_minor, so.tax_included_minor, so.shipping_tax_minor
    HAVING count(l.id) = 0
        OR so.total_minor <> sum(l.unit_price_minor * l.quantity - l.discount_minor + l.tax_minor)
                             + so.shipping_minor
        OR so.tax_included_minor <> sum(l.tax_included_minor) + so.shipping_tax_minor
    """,
)

invariant(
    "I8",
    "the order adds up from its shops' parts",
    """
    SELECT o.id FROM orders_order o LEFT JOIN orders_sellerorder so ON so.order_id = o.id
    GROUP BY o.id, o.total_minor, o.shipping_minor, o.tax_included_minor
    HAVING count(so.id) = 0 OR o.total_minor <> sum(so.total_minor)
        OR o.shipping_minor <> sum(so.shipping_minor)
        OR o.tax_included_minor <> sum(so.tax_included_minor)
    """,
)

invariant(
    "I12",
    "a provider's event is applied at most once, and only to its own payment",
    """
    SELECT e.id FROM orders_paymentevent e JOIN orders_paymenteventtask t ON t.event_id = e.id
    LEFT JOIN orders_payment p ON p.id = e.payment_id
    WHERE t.result = 'applied' AND e.kind IN ('payment', 'refund')
      AND (p.id IS NULL OR e.provider <> p.provider OR e.currency <> p.currency
           OR e.provider_reference <> p.provider_reference)
    """,
)

invariant(
    "I12",
    "every event of a provider has its task, which is done within 10 minutes",
    """
    SELECT e.id FROM orders_paymentevent e
    LEFT JOIN orders_paymenteventtask t ON t.event_id = e.id
    WHERE t.id IS NULL OR (t.done_at IS NULL AND t.created_at < %(t10)s)
    """,
)


def _allowed() -> str:
    steps = [
        f"SELECT '{subject}' AS subject, '{src}' AS src, '{dst}' AS dst"
        for subject, table in TRANSITIONS.items()
        for src, targets in table.items()
        for dst in sorted(targets)
    ]
    return " UNION ALL ".join(steps)


invariant(
    "I13",
    "every step of the history is allowed",
    lambda: (
        f"""
    WITH allowed AS ({_allowed()})
    SELECT h.id, h.subject, h.src, h.dst FROM orders_statechange h
    LEFT JOIN allowed a ON a.subject = h.subject AND a.src = h.src AND a.dst = h.dst
    WHERE a.dst IS NULL
    """
    ),
)

invariant(
    "I13",
    "each step starts where the one before ended",
    """
    SELECT id FROM (
        SELECT id, seq, src, lag(dst) OVER w AS before, row_number() OVER w AS n
        FROM orders_statechange
        WINDOW w AS (PARTITION BY subject, subject_id ORDER BY seq)) h
    WHERE seq <> n OR src <> coalesce(before, '')
    """,
)

invariant(
    "I13",
    "the history ends in the current state",
    """
    SELECT s.subject, s.id FROM (
        SELECT 'order' AS subject, id, state FROM orders_order
        UNION ALL SELECT 'seller_order', id, state FROM orders_sellerorder
        UNION ALL SELECT 'payment', id, state FROM orders_payment
        UNION ALL SELECT 'refund', id, state FROM orders_refund
        UNION ALL SELECT 'return', id, state FROM orders_return
        UNION ALL SELECT 'dispute', id, state FROM orders_dispute
        UNION ALL SELECT 'payout', id, state FROM orders_payout) s
    LEFT JOIN orders_statechange h ON h.subject = s.subject AND h.subject_id = s.id
     AND h.seq = (SELECT max(l.seq) FROM orders_statechange l
                  WHERE l.subject = s.subject AND l.subject_id = s.id)
    WHERE h.dst IS NULL OR h.dst <> s.state
    """,
)

invariant(
    "I16",
    "no order line points across shops",
    """
    SELECT l.id FROM orders_orderline l
    JOIN orders_sellerorder so ON so.id = l.seller_order_id
    JOIN catalog_variant v ON v.id = l.variant_id
    LEFT JOIN catalog_stockitem s ON s.id = l.stock_item_id
    WHERE v.shop_id <> so.shop_id OR s.variant_id <> l.variant_id
    """,
)

invariant(
    "I18",
    "one order per cart, one open payment per order",
    """
    SELECT cart_id AS id FROM orders_order WHERE cart_id IS NOT NULL
    GROUP BY cart_id HAVING count(*) > 1
    UNION ALL
    SELECT order_id FROM orders_payment WHERE closed_at IS NULL
    GROUP BY order_id HAVING count(*) > 1
    """,
)
