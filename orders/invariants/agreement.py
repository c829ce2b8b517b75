"""Facts that tie the tables to each other: states, ends, and whose money moves."""

from __future__ import annotations

from marketflow.core.invariants import invariant

invariant(
    "I5",
    "an account is named after its kind, its owner and its currency",
    """
    SELECT id, key FROM orders_ledgeraccount
    WHERE key <> kind || ':' || CASE
            WHEN shop_id IS NOT NULL THEN CAST(shop_id AS text)
            WHEN order_id IS NOT NULL THEN CAST(order_id AS text)
            WHEN kind = 'provider'
            THEN substr(key, 10, length(key) - length(currency) - 10)
            ELSE '' END || ':' || currency
       OR (shop_id IS NOT NULL) <> (kind IN ('shop_pending', 'shop_available', 'shop_receivable'))
       OR (order_id IS NOT NULL) <> (kind = 'order')
    """,
)

invariant(
    "I7",
    "nothing of a part is available before it completes",
    """
    SELECT so.id, so.state FROM orders_sellerorder so
    JOIN orders_ledgertransfer t ON t.seller_order_id = so.id
    JOIN orders_ledgeraccount a ON a.id IN (t.credit_id, t.debit_id)
    WHERE so.state <> 'completed' AND a.kind = 'shop_available' GROUP BY so.id, so.state
    """,
)

invariant(
    "I13",
    "an order that is paid says when, and one that isn't does not",
    """
    SELECT id, state, paid_at FROM orders_order
    WHERE (state IN ('paid', 'completed') AND paid_at IS NULL)
       OR (state IN ('awaiting_payment', 'expired') AND paid_at IS NOT NULL)
    """,
)

invariant(
    "I13",
    "a payment is closed when it has an end, and not before",
    """
    SELECT id, state FROM orders_payment
    WHERE (closed_at IS NULL) <> (state IN ('created', 'requires_action', 'processing'))
    """,
)

invariant(
    "I16",
    "a transfer moves the money of no other shop or order than it is about",
    """
    SELECT t.id FROM orders_ledgertransfer t
    JOIN orders_sellerorder so ON so.id = t.seller_order_id
    JOIN orders_ledgeraccount d ON d.id = t.debit_id
    JOIN orders_ledgeraccount c ON c.id = t.credit_id
    WHERE coalesce(d.shop_id, so.shop_id) <> so.shop_id
       OR coalesce(c.shop_id, so.shop_id) <> so.shop_id
       OR coalesce(d.order_id, so.order_id) <> so.order_id
       OR coalesce(c.order_id, so.order_id) <> so.order_id
    """,
)
