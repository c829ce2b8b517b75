"""Facts about payouts: what they cover, what they leave, and where they go."""

from __future__ import annotations

from marketflow.core.invariants import invariant
from orders.invariants.money import LEGS

invariant(
    "I9",
    "what a shop has available is what no payout covers yet",
    f"""
    WITH {LEGS}
    SELECT a.id, a.key, -a.balance_minor AS available, coalesce(u.total, 0) AS uncovered
    FROM orders_ledgeraccount a
    LEFT JOIN (SELECT g.account_id, -sum(g.delta) AS total FROM legs g
               JOIN orders_ledgertransfer t ON t.id = g.transfer_id
               LEFT JOIN orders_payoutitem i ON i.transfer_id = t.id
               WHERE i.id IS NULL AND t.kind <> 'payout' GROUP BY g.account_id) u
      ON u.account_id = a.id
    WHERE a.kind = 'shop_available' AND -a.balance_minor <> coalesce(u.total, 0)
    """,
)

invariant(
    "I9",
    "a payout and its reversal are booked between the shop and the provider it went by",
    """
    SELECT t.id, t.kind FROM orders_ledgertransfer t
    JOIN orders_ledgeraccount d ON d.id = t.debit_id
    JOIN orders_ledgeraccount c ON c.id = t.credit_id
    LEFT JOIN orders_payout p ON p.id = t.payout_id
    WHERE t.kind IN ('payout', 'payout_back') AND (p.id IS NULL
       OR coalesce(CASE WHEN t.kind = 'payout' THEN d.shop_id ELSE c.shop_id END, 0) <> p.shop_id
       OR CASE WHEN t.kind = 'payout' THEN d.kind ELSE c.kind END <> 'shop_available'
       OR CASE WHEN t.kind = 'payout' THEN c.kind ELSE d.kind END <> 'provider')
    """,
)

invariant(
    "I9",
    "no refund is recovered beyond what it made the shop owe",
    f"""
    WITH {LEGS}
    SELECT g.account_id, t.refund_id, sum(g.delta) AS owed FROM legs g
    JOIN orders_ledgertransfer t ON t.id = g.transfer_id
    JOIN orders_ledgeraccount a ON a.id = g.account_id
    WHERE a.kind = 'shop_receivable' GROUP BY g.account_id, t.refund_id HAVING sum(g.delta) < 0
    """,
)

invariant(
    "I9",
    "payouts of a shop are numbered 1, 2, 3 … without gap or double",
    """
    SELECT shop_id, count(*) AS made, max(number) AS last FROM orders_payout GROUP BY shop_id
    HAVING min(number) <> 1 OR max(number) <> count(*) OR count(DISTINCT number) <> count(*)
    """,
)

invariant(
    "I9",
    "a payout is closed when it has an end, and not before",
    """
    SELECT id, state FROM orders_payout
    WHERE (closed_at IS NULL) <> (state IN ('pending', 'processing'))
    """,
)

invariant(
    "I9",
    "no payout of a shop that nobody holds waits for more than a day",
    """
    SELECT p.id, p.state FROM orders_payout p JOIN accounts_shop s ON s.id = p.shop_id
    WHERE p.closed_at IS NULL AND p.created_at < %(d1)s AND s.payouts_held = ''
    """,
)

invariant(
    "I16",
    "a payout goes to a bank account of its own shop, which had cooled off",
    """
    SELECT p.id, p.sent_to FROM orders_payout p JOIN accounts_bankaccount b
      ON b.id = p.bank_account_id
    WHERE b.shop_id <> p.shop_id OR p.created_at < b.usable_from
    """,
)
