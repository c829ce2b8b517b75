"""Facts about how orders live: where their parts are, what came back, what was disputed."""

from __future__ import annotations

from marketflow.core.invariants import invariant

invariant(
    "I4",
    "units returned are those that were received",
    """
    SELECT l.id, l.returned, coalesce(r.received, 0) AS received FROM orders_orderline l
    LEFT JOIN (SELECT rl.line_id, sum(rl.received) AS received FROM orders_returnline rl
               JOIN orders_return r ON r.id = rl.parcel_id WHERE r.state = 'received'
               GROUP BY rl.line_id) r ON r.line_id = l.id
    WHERE l.returned <> coalesce(r.received, 0)
    """,
)

invariant(
    "I4",
    "no more units are put back on the shelf than came back",
    """
    SELECT l.id, l.returned, m.back FROM orders_orderline l
    JOIN (SELECT order_line_ref, sum(delta) AS back FROM catalog_stockmovement
          WHERE kind = 'return' GROUP BY order_line_ref) m ON m.order_line_ref = l.id
    WHERE m.back > l.returned
    """,
)

invariant(
    "I4",
    "what comes back was sent, and comes back once",
    """
    SELECT l.id, l.shipped, l.returned, coalesce(r.under_way, 0) AS under_way
    FROM orders_orderline l
    LEFT JOIN (SELECT rl.line_id, sum(rl.quantity) AS under_way FROM orders_returnline rl
               JOIN orders_return r ON r.id = rl.parcel_id
               WHERE r.state IN ('requested', 'approved') GROUP BY rl.line_id) r
      ON r.line_id = l.id
    WHERE l.returned + coalesce(r.under_way, 0) > l.shipped
    """,
)

invariant(
    "I6",
    "a cancelled part that was paid has given its money back",
    """
    SELECT so.id, so.total_minor, so.shipping_refunded_minor + sum(l.refunded_minor) AS refunded
    FROM orders_sellerorder so JOIN orders_order o ON o.id = so.order_id
    JOIN orders_orderline l ON l.seller_order_id = so.id
    WHERE so.state = 'cancelled' AND o.paid_at IS NOT NULL
    GROUP BY so.id, so.total_minor, so.shipping_refunded_minor
    HAVING so.total_minor <> so.shipping_refunded_minor + sum(l.refunded_minor)
    """,
)

invariant(
    "I6",
    "what a bank took back is refunded, and done",
    """
    SELECT d.seller_order_id AS id, d.lost, coalesce(r.done, 0) AS done
    FROM (SELECT seller_order_id, sum(amount_minor) AS lost FROM orders_dispute
          WHERE origin = 'provider' AND state = 'lost' GROUP BY seller_order_id) d
    LEFT JOIN (SELECT seller_order_id, sum(amount_minor) AS done FROM orders_refund
               WHERE kind = 'dispute' AND state = 'succeeded' GROUP BY seller_order_id) r
      ON r.seller_order_id = d.seller_order_id
    WHERE d.lost > coalesce(r.done, 0)
    """,
)

invariant(
    "I9",
    "a part that is over has nothing pending",
    """
    SELECT so.id, so.state, sum(CASE WHEN c.kind = 'shop_pending' THEN t.amount_minor ELSE 0 END)
                            - sum(CASE WHEN d.kind = 'shop_pending' THEN t.amount_minor ELSE 0 END)
                            AS pending
    FROM orders_sellerorder so JOIN orders_ledgertransfer t ON t.seller_order_id = so.id
    JOIN orders_ledgeraccount c ON c.id = t.credit_id
    JOIN orders_ledgeraccount d ON d.id = t.debit_id
    WHERE so.state IN ('completed', 'cancelled') GROUP BY so.id, so.state
    HAVING sum(CASE WHEN c.kind = 'shop_pending' THEN t.amount_minor ELSE 0 END)
        <> sum(CASE WHEN d.kind = 'shop_pending' THEN t.amount_minor ELSE 0 END)
    """,
)

invariant(
    "I13",
    "a part is where its units are",
    """
    SELECT so.id, so.state FROM orders_sellerorder so
    JOIN orders_orderline l ON l.seller_order_id = so.id GROUP BY so.id, so.state
    HAVING (so.state IN ('pending', 'paid')
            AND sum(l.quantity) = sum(l.released) + sum(l.shipped))
        OR (so.state IN ('shipped', 'delivered', 'completed')
            AND (sum(l.quantity) <> sum(l.released) + sum(l.shipped) OR sum(l.shipped) = 0))
        OR (so.state IN ('cancelled', 'expired') AND sum(l.released) <> sum(l.quantity))
    """,
)

invariant(
    "I13",
    "an order is where its parts are",
    """
    SELECT o.id, o.state FROM orders_order o
    LEFT JOIN (SELECT order_id, count(*) AS parts,
                      sum(CASE WHEN state = 'pending' THEN 1 ELSE 0 END) AS pending,
                      sum(CASE WHEN state = 'completed' THEN 1 ELSE 0 END) AS completed,
                      sum(CASE WHEN state = 'cancelled' THEN 1 ELSE 0 END) AS cancelled,
                      sum(CASE WHEN state = 'expired' THEN 1 ELSE 0 END) AS expired
               FROM orders_sellerorder GROUP BY order_id) p ON p.order_id = o.id
    WHERE NOT CASE o.state
        WHEN 'awaiting_payment' THEN p.pending = p.parts
        WHEN 'cancelled' THEN p.cancelled = p.parts
        WHEN 'expired' THEN p.expired = p.parts
        WHEN 'completed' THEN p.completed > 0 AND p.completed + p.cancelled = p.parts
        ELSE p.pending + p.expired = 0 AND p.completed + p.cancelled < p.parts END
    """,
)

invariant(
    "I13",
    "a dispute is closed exactly when it is decided",
    """
    SELECT id, state FROM orders_dispute
    WHERE (state = 'open' AND closed_at IS NOT NULL) OR (state <> 'open' AND closed_at IS NULL)
    """,
)

invariant(
    "I16",
    "parcels, returns and refunds hold lines of their own part",
    """
    SELECT 'parcel' AS holder, pl.id FROM orders_shipmentline pl
    JOIN orders_shipment p ON p.id = pl.shipment_id JOIN orders_orderline l ON l.id = pl.line_id
    WHERE l.seller_order_id <> p.seller_order_id
    UNION ALL
    SELECT 'return', rl.id FROM orders_returnline rl
    JOIN orders_return r ON r.id = rl.parcel_id JOIN orders_orderline l ON l.id = rl.line_id
    WHERE l.seller_order_id <> r.seller_order_id
    UNION ALL
    SELECT 'refund', fl.id FROM orders_refundline fl
    JOIN orders_refund f ON f.id = fl.refund_id JOIN orders_orderline l ON l.id = fl.line_id
    WHERE f.seller_order_id IS NULL OR l.seller_order_id <> f.seller_order_id
    UNION ALL
    SELECT 'refund of a return', f.id FROM orders_refund f
    JOIN orders_return r ON r.id = f.returned_id WHERE r.seller_order_id <> f.seller_order_id
    """,
)
