"""Facts about invoices: their numbers, their amounts, and that they are there."""

from __future__ import annotations

from marketflow.core.invariants import invariant

invariant(
    "I19",
    "numbers of invoices run 1, 2, 3 … without gap or double",
    """
    SELECT s.id, s.key, s.last_number, count(i.id) AS issued FROM orders_invoiceseries s
    LEFT JOIN orders_invoice i ON i.series_id = s.id
    GROUP BY s.id, s.key, s.last_number
    HAVING count(i.id) <> s.last_number OR count(DISTINCT i.number) <> s.last_number
        OR coalesce(min(i.number), 1) <> 1 OR coalesce(max(i.number), 0) <> s.last_number
    """,
)

invariant(
    "I19",
    "an invoice comes to what its shop's part of the order does",
    """
    SELECT i.id, i.total_minor, so.total_minor AS part FROM orders_invoice i
    LEFT JOIN orders_sellerorder so ON so.id = i.seller_order_id
    LEFT JOIN orders_order o ON o.id = so.order_id
    WHERE i.kind = 'sale' AND (so.id IS NULL OR i.total_minor <> so.total_minor
          OR i.tax_minor <> so.tax_included_minor OR i.shop_id <> so.shop_id
          OR i.currency <> o.currency)
    """,
)

invariant(
    "I19",
    "a credit note comes to what its refund gave back",
    """
    SELECT i.id, i.total_minor, r.amount_minor AS refunded FROM orders_invoice i
    LEFT JOIN orders_refund r ON r.id = i.refund_id
    LEFT JOIN orders_sellerorder so ON so.id = r.seller_order_id
    WHERE i.kind = 'credit_note' AND (r.id IS NULL OR r.succeeded_at IS NULL
          OR i.total_minor <> -r.amount_minor OR i.tax_minor <> -r.tax_included_minor
          OR i.currency <> r.currency OR so.id IS NULL OR i.seller_order_id <> so.id
          OR i.shop_id <> so.shop_id)
    """,
)

invariant(
    "I19",
    "one invoice of a part, one credit note of a refund",
    """
    SELECT seller_order_id AS id FROM orders_invoice WHERE kind = 'sale'
    GROUP BY seller_order_id HAVING count(*) > 1
    UNION ALL
    SELECT refund_id FROM orders_invoice WHERE kind = 'credit_note'
    GROUP BY refund_id HAVING count(*) > 1
    """,
)

invariant(
    "I19",
    "a part that was paid has its invoice within a day",
    """
    SELECT so.id FROM orders_sellerorder so JOIN orders_order o ON o.id = so.order_id
    LEFT JOIN orders_invoice i ON i.seller_order_id = so.id AND i.kind = 'sale'
    WHERE o.paid_at < %(d1)s AND i.id IS NULL
    """,
)

invariant(
    "I19",
    "a refund that succeeded has its credit note within a day",
    """
    SELECT r.id FROM orders_refund r
    LEFT JOIN orders_invoice i ON i.refund_id = r.id AND i.kind = 'credit_note'
    WHERE r.state = 'succeeded' AND r.seller_order_id IS NOT NULL AND r.amount_minor > 0
      AND r.succeeded_at < %(d1)s AND i.id IS NULL
    """,
)

# What a month's documents have to come to, by the name under which they are issued once.
FEES = """
    fees AS (
        SELECT 'commission:' || so.shop_id || ':' || substr(CAST(c.created_at AS text), 1, 7)
               || ':' || o.currency AS name,
               substr(CAST(c.created_at AS text), 1, 7) AS month,
               sum(c.amount_minor + c.vat_minor) AS total, sum(c.vat_minor) AS tax
        FROM orders_commission c JOIN orders_orderline l ON l.id = c.line_id
        JOIN orders_sellerorder so ON so.id = l.seller_order_id
        JOIN orders_order o ON o.id = so.order_id
        WHERE c.amount_minor > 0 GROUP BY 1, 2
        UNION ALL
        SELECT 'commission_credit:' || so.shop_id || ':'
               || substr(CAST(r.created_at AS text), 1, 7) || ':' || t.currency,
               substr(CAST(r.created_at AS text), 1, 7), -sum(t.amount_minor),
               -sum(CASE WHEN t.kind = 'commission_vat_back' THEN t.amount_minor ELSE 0 END)
        FROM orders_ledgertransfer t JOIN orders_refund r ON r.id = t.refund_id
        JOIN orders_sellerorder so ON so.id = t.seller_order_id
        WHERE t.kind IN ('commission_back', 'commission_vat_back') GROUP BY 1, 2)
"""

invariant(
    "I19",
    "an invoice of commission comes to what its month charged or took back",
    f"""
    WITH {FEES}
    SELECT i.id, i.dedupe_key, i.total_minor, f.total AS booked FROM orders_invoice i
    LEFT JOIN fees f ON f.name = i.dedupe_key
    WHERE i.kind IN ('commission', 'commission_credit')
      AND (f.name IS NULL OR i.total_minor <> f.total OR i.tax_minor <> f.tax)
    """,
)

invariant(
    "I19",
    "commission of a month that is over has its invoice within a day",
    f"""
    WITH {FEES}
    SELECT f.name FROM fees f LEFT JOIN orders_invoice i ON i.dedupe_key = f.name
    WHERE f.month < substr(CAST(%(d1)s AS text), 1, 7) AND i.id IS NULL
    """,
)
