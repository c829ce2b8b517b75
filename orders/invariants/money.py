"""Facts about the ledger, refunds, commission and payouts."""

from __future__ import annotations

from marketflow.core.invariants import invariant

# The ledger seen account by account: debit positive, credit negative.
LEGS = """
    legs AS (
        SELECT id AS transfer_id, payment_id, debit_id AS account_id, amount_minor AS delta
        FROM orders_ledgertransfer
        UNION ALL
        SELECT id, payment_id, credit_id, -amount_minor FROM orders_ledgertransfer)
"""

invariant(
    "I5",
    "a transfer moves a positive amount between two accounts of its currency",
    """
    SELECT t.id FROM orders_ledgertransfer t
    JOIN orders_ledgeraccount d ON d.id = t.debit_id
    JOIN orders_ledgeraccount c ON c.id = t.credit_id
    WHERE t.amount_minor <= 0 OR t.debit_id = t.credit_id
       OR d.currency <> t.currency OR c.currency <> t.currency
    """,
)

invariant(
    "I5",
    "the stored balance is the sum of its legs",
    f"""
    WITH {LEGS}
    SELECT a.id, a.key, a.balance_minor, coalesce(g.total, 0) AS booked
    FROM orders_ledgeraccount a
    LEFT JOIN (SELECT account_id, sum(delta) AS total FROM legs GROUP BY account_id) g
      ON g.account_id = a.id
    WHERE a.balance_minor <> coalesce(g.total, 0)
    """,
)

invariant(
    "I5",
    "all balances of a currency add up to nothing",
    """
    SELECT currency, sum(balance_minor) AS total FROM orders_ledgeraccount
    GROUP BY currency HAVING sum(balance_minor) <> 0
    """,
)

invariant(
    "I6",
    "money taken is money booked, payment by payment",
    f"""
    WITH {LEGS}
    SELECT p.id, p.captured_minor - p.refunded_minor - coalesce(p.fee_minor, 0) AS taken,
           coalesce(b.booked, 0) AS booked
    FROM orders_payment p
    LEFT JOIN (SELECT g.payment_id, sum(g.delta) AS booked FROM legs g
               JOIN orders_ledgeraccount a ON a.id = g.account_id AND a.kind = 'provider'
               GROUP BY g.payment_id) b ON b.payment_id = p.id
    WHERE p.captured_minor - p.refunded_minor - coalesce(p.fee_minor, 0) <> coalesce(b.booked, 0)
       OR p.refunded_minor < 0 OR p.refunded_minor > p.captured_minor
    """,
)

invariant(
    "I6",
    "refunds add up to the refunded amount, and those decided to the decided one",
    """
    SELECT p.id FROM orders_payment p
    LEFT JOIN (SELECT payment_id, sum(amount_minor) AS decided,
                      sum(CASE WHEN state = 'succeeded' THEN amount_minor ELSE 0 END) AS done
               FROM orders_refund GROUP BY payment_id) r ON r.payment_id = p.id
    WHERE p.refunded_minor <> coalesce(r.done, 0)
       OR p.refund_decided_minor <> coalesce(r.decided, 0)
    """,
)

invariant(
    "I6",
    "a refund is the sum of its lines and its delivery",
    """
    SELECT r.id FROM orders_refund r
    LEFT JOIN (SELECT refund_id, sum(amount_minor) AS goods FROM orders_refundline
               GROUP BY refund_id) l ON l.refund_id = r.id
    WHERE r.kind <> 'excess' AND r.amount_minor <> coalesce(l.goods, 0) + r.shipping_minor
    """,
)

invariant(
    "I6",
    "what lines count as refunded is what their refunds say",
    """
    SELECT l.id FROM orders_orderline l
    LEFT JOIN (SELECT line_id, sum(quantity) AS units, sum(amount_minor) AS amount
               FROM orders_refundline GROUP BY line_id) r ON r.line_id = l.id
    WHERE l.refunded_units <> coalesce(r.units, 0) OR l.refunded_minor <> coalesce(r.amount, 0)
    """,
)

invariant(
    "I6",
    "what deliveries count as refunded is what their refunds say",
    """
    SELECT so.id FROM orders_sellerorder so
    LEFT JOIN (SELECT seller_order_id, sum(shipping_minor) AS amount FROM orders_refund
               GROUP BY seller_order_id) r ON r.seller_order_id = so.id
    WHERE so.shipping_refunded_minor <> coalesce(r.amount, 0)
    """,
)

invariant(
    "I6",
    "an order's clearing account holds what is paid and not handed on, and refunds under way",
    """
    SELECT a.id, a.key, a.balance_minor FROM orders_ledgeraccount a
    LEFT JOIN (SELECT p.order_id, sum(r.amount_minor) AS due FROM orders_refund r
               JOIN orders_payment p ON p.id = r.payment_id
               WHERE r.state <> 'succeeded' GROUP BY p.order_id) w ON w.order_id = a.order_id
    WHERE a.kind = 'order' AND -a.balance_minor <> coalesce(w.due, 0)
    """,
)

invariant(
    "I7",
    "a paid line has its commission, within what its shop earns",
    """
    SELECT l.id FROM orders_orderline l
    JOIN orders_sellerorder so ON so.id = l.seller_order_id
    JOIN orders_order o ON o.id = so.order_id
    LEFT JOIN orders_commission c ON c.line_id = l.id
    WHERE o.paid_at IS NOT NULL AND (c.id IS NULL
          OR c.amount_minor + c.vat_minor > c.base_minor
          OR c.base_minor <> l.unit_price_minor * l.quantity - l.discount_minor
                             + l.discount_funded_minor)
    """,
)

invariant(
    "I7",
    "commission booked is commission charged, part by part",
    """
    SELECT so.id, coalesce(b.fee, 0) AS booked, coalesce(c.fee, 0) AS charged
    FROM orders_sellerorder so
    LEFT JOIN (SELECT seller_order_id, sum(CASE WHEN kind IN ('commission', 'commission_vat')
                      THEN amount_minor ELSE -amount_minor END) AS fee
               FROM orders_ledgertransfer
               WHERE kind IN ('commission', 'commission_vat', 'commission_back',
                              'commission_vat_back')
               GROUP BY seller_order_id) b ON b.seller_order_id = so.id
    LEFT JOIN (SELECT l.seller_order_id,
                      sum(c.amount_minor + c.vat_minor - c.back_minor - c.vat_back_minor) AS fee
               FROM orders_commission c JOIN orders_orderline l ON l.id = c.line_id
               GROUP BY l.seller_order_id) c ON c.seller_order_id = so.id
    WHERE coalesce(b.fee, 0) <> coalesce(c.fee, 0)
    """,
)

invariant(
    "I9",
    "nothing is paid out twice",
    """
    SELECT transfer_id FROM orders_payoutitem GROUP BY transfer_id HAVING count(*) > 1
    """,
)

invariant(
    "I9",
    "a payout is the sum of what it covers, all of it in its own shop and currency",
    f"""
    WITH {LEGS}
    SELECT p.id FROM orders_payout p
    LEFT JOIN orders_payoutitem i ON i.payout_id = p.id
    LEFT JOIN (SELECT g.transfer_id, g.delta, a.shop_id, a.currency FROM legs g
               JOIN orders_ledgeraccount a ON a.id = g.account_id
               WHERE a.kind = 'shop_available') g
      ON g.transfer_id = i.transfer_id AND g.shop_id = p.shop_id AND g.currency = p.currency
    GROUP BY p.id, p.amount_minor
    HAVING p.amount_minor <= 0 OR count(i.id) <> count(g.transfer_id)
        OR p.amount_minor <> coalesce(-sum(g.delta), 0)
    """,
)

invariant(
    "I9",
    "no shop is overpaid",
    f"""
    WITH {LEGS}
    SELECT g.account_id FROM legs g JOIN orders_ledgeraccount a ON a.id = g.account_id
    WHERE a.kind IN ('shop_pending', 'shop_available')
    GROUP BY g.account_id HAVING sum(g.delta) > 0
    """,
)

invariant(
    "I9",
    "a payout that was sent is booked once, and reversed where it failed or came back",
    """
    SELECT p.id, p.state FROM orders_payout p
    LEFT JOIN (SELECT payout_id,
                      sum(CASE WHEN kind = 'payout' THEN amount_minor ELSE 0 END) AS sent,
                      sum(CASE WHEN kind = 'payout_back' THEN amount_minor ELSE 0 END) AS back
               FROM orders_ledgertransfer GROUP BY payout_id) t ON t.payout_id = p.id
    WHERE coalesce(t.sent, 0) <> p.amount_minor
       OR coalesce(t.back, 0) <> CASE WHEN p.state IN ('failed', 'returned')
                                      THEN p.amount_minor ELSE 0 END
    """,
)

invariant(
    "I16",
    "a refund goes back by a payment of its own order",
    """
    SELECT r.id FROM orders_refund r JOIN orders_payment p ON p.id = r.payment_id
    JOIN orders_sellerorder so ON so.id = r.seller_order_id WHERE so.order_id <> p.order_id
    """,
)

invariant(
    "I16",
    "what is refunded of a return never exceeds what was received",
    """
    SELECT r.id FROM orders_return r
    JOIN (SELECT parcel_id, sum(received) AS received FROM orders_returnline
          GROUP BY parcel_id) l ON l.parcel_id = r.id
    JOIN (SELECT f.returned_id, sum(fl.quantity) AS refunded FROM orders_refund f
          JOIN orders_refundline fl ON fl.refund_id = f.id
          WHERE f.returned_id IS NOT NULL GROUP BY f.returned_id) f ON f.returned_id = r.id
    WHERE f.refunded > l.received
    """,
)
