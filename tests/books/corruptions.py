"""Every fact that the audit proves, and how each can be broken behind the code's back.

A corruption names the fact it breaks, finds a row (`at`), and writes. `{row}` is what `at` found,
`{old}` a moment long ago. The audit has to name that very row.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.books.vandal import IS_POSTGRESQL

OLD = "'2020-01-01 00:00:00+00'" if IS_POSTGRESQL else "'2020-01-01 00:00:00'"
FALSE, TRUE = ("FALSE", "TRUE") if IS_POSTGRESQL else ("0", "1")


@dataclass(frozen=True)
class Corruption:
    breaks: str
    at: str
    writes: tuple[str, ...]
    # Tables whose constraints are taken away first.
    unguarded: tuple[str, ...] = ()


def _one(breaks: str, at: str, *writes: str, unguarded: str = "") -> Corruption:
    return Corruption(breaks, at, writes, tuple(unguarded.split()))


def _copy(table: str, columns: str, **changed: str) -> str:
    """A second row like the one of id {row}, but for its id and what is `changed`."""
    names = columns.split()
    values = [changed.get(name, name) for name in names]
    return (
        f"INSERT INTO {table} (id, {', '.join(names)}) "
        f"SELECT (SELECT max(id) + 1 FROM {table}), {', '.join(values)} FROM {table} "
        "WHERE id = {row}"
    )


STOCK_ITEM = "SELECT min(id) FROM catalog_stockitem WHERE allocated > 0"
MOVEMENT = "SELECT min(id) FROM catalog_stockmovement WHERE kind = 'sale'"
LINE = "SELECT min(id) FROM orders_orderline"
SOLD_LINE = "SELECT min(id) FROM orders_orderline WHERE shipped > 0"
HELD_LINE = "SELECT min(id) FROM orders_orderline WHERE allocated > 0"
PART = "SELECT min(id) FROM orders_sellerorder"
REFUNDED_PART = "SELECT min(seller_order_id) FROM orders_refund WHERE shipping_minor > 0"
PAID_ORDER = "SELECT min(id) FROM orders_order WHERE paid_at IS NOT NULL"
PAYMENT = "SELECT min(id) FROM orders_payment WHERE captured_minor > 0"
REFUND = "SELECT min(refund_id) FROM orders_refundline"
TRANSFER = "SELECT min(id) FROM orders_ledgertransfer WHERE kind = 'paid'"
ACCOUNT = "SELECT min(id) FROM orders_ledgeraccount WHERE kind = 'commission'"
SENT = "SELECT min(id) FROM orders_ledgertransfer WHERE kind = 'payout'"
OWED = "SELECT min(credit_id) FROM orders_ledgertransfer WHERE kind = 'recovery'"
PROMOTION = "SELECT min(promotion_id) FROM orders_redemption"
PAYOUT = "SELECT min(id) FROM orders_payout WHERE state = 'paid'"
DISPUTE = "SELECT min(id) FROM orders_dispute"
RETURNED_LINE = "SELECT min(id) FROM orders_orderline WHERE returned > 0"
PUSH = "SELECT min(id) FROM notifications_push"
SALE = "SELECT min(id) FROM orders_invoice WHERE kind = 'sale'"
NOTE = "SELECT min(id) FROM orders_invoice WHERE kind = 'credit_note'"
REVIEW = "SELECT min(id) FROM orders_review WHERE reply <> ''"
FEE = "SELECT min(id) FROM orders_invoice WHERE kind = 'commission'"
CONVERSATION = "SELECT min(conversation_id) FROM chat_message WHERE seq > 1"
SEAT = "SELECT min(id) FROM chat_seat"
OFFER = "SELECT min(id) FROM chat_proposal WHERE kind = 'refund' AND state = 'accepted'"
PINNED = "SELECT min(id) FROM chat_message WHERE part_id IS NOT NULL"
WEBHOOK = "SELECT min(id) FROM notifications_webhookdelivery WHERE subject LIKE 'order:%'"

CORRUPTIONS = [
    # --- stock
    _one(
        "units on hand are explained by movements",
        STOCK_ITEM,
        "UPDATE catalog_stockitem SET on_hand = on_hand + 1 WHERE id = {row}",
    ),
    _one(
        "units on hand are explained by movements",
        STOCK_ITEM,
        "UPDATE catalog_stockmovement SET delta = delta + 1 WHERE stock_item_id = {row}",
    ),
    _one(
        "units on hand are explained by movements",
        STOCK_ITEM,
        "DELETE FROM catalog_stockmovement WHERE stock_item_id = {row} AND kind = 'opening'",
    ),
    _one(
        "units allocated are exactly those that order lines hold",
        STOCK_ITEM,
        "UPDATE catalog_stockitem SET allocated = allocated + 1 WHERE id = {row}",
    ),
    _one(
        "units allocated are exactly those that order lines hold",
        STOCK_ITEM,
        "UPDATE orders_orderline SET allocated = allocated - 1"
        " WHERE stock_item_id = {row} AND allocated > 0",
    ),
    _one(
        "order lines are within their bounds",
        SOLD_LINE,
        "UPDATE orders_orderline SET shipped = quantity + 1 WHERE id = {row}",
        unguarded="orders_orderline",
    ),
    _one(
        "order lines are within their bounds",
        LINE,
        "UPDATE orders_orderline SET quantity = 0 WHERE id = {row}",
        unguarded="orders_orderline",
    ),
    _one(
        "stock is within its bounds",
        STOCK_ITEM,
        "UPDATE catalog_stockitem SET allocated = on_hand + 1 WHERE id = {row}",
        unguarded="catalog_stockitem",
    ),
    _one(
        "stock is within its bounds",
        STOCK_ITEM,
        "UPDATE catalog_stockitem SET on_hand = -1 WHERE id = {row}",
        unguarded="catalog_stockitem",
    ),
    _one(
        "a closed order holds nothing",
        "SELECT min(l.id) FROM orders_orderline l JOIN orders_sellerorder so"
        " ON so.id = l.seller_order_id WHERE so.state = 'cancelled'",
        "UPDATE orders_orderline SET allocated = 1, released = 0 WHERE id = {row}",
    ),
    _one(
        "a closed order holds nothing",
        HELD_LINE,
        "UPDATE orders_order SET state = 'expired' WHERE id = (SELECT so.order_id"
        " FROM orders_orderline l JOIN orders_sellerorder so ON so.id = l.seller_order_id"
        " WHERE l.id = {row})",
    ),
    _one(
        "a sale or return belongs to a line of that stock item",
        MOVEMENT,
        "UPDATE catalog_stockmovement SET order_line_ref = NULL WHERE id = {row}",
    ),
    _one(
        "a sale or return belongs to a line of that stock item",
        MOVEMENT,
        "UPDATE catalog_stockmovement SET stock_item_id = (SELECT max(id) FROM catalog_stockitem"
        " WHERE id <> catalog_stockmovement.stock_item_id) WHERE id = {row}",
    ),
    _one(
        "every tracked unit of a line is allocated, released or sold",
        HELD_LINE,
        "UPDATE orders_orderline SET allocated = allocated - 1 WHERE id = {row}",
    ),
    _one(
        "every tracked unit of a line is allocated, released or sold",
        SOLD_LINE,
        "DELETE FROM catalog_stockmovement WHERE order_line_ref = {row} AND kind = 'sale'",
    ),
    _one(
        "units shipped are those in parcels",
        SOLD_LINE,
        "UPDATE orders_orderline SET returned = 0, shipped = shipped - 1 WHERE id = {row}",
    ),
    _one(
        "units shipped are those in parcels",
        SOLD_LINE,
        "UPDATE orders_shipmentline SET quantity = quantity + 1 WHERE line_id = {row}",
    ),
    _one(
        "units returned are those that were received",
        RETURNED_LINE,
        "UPDATE orders_orderline SET returned = 0 WHERE id = {row}",
    ),
    _one(
        "units returned are those that were received",
        RETURNED_LINE,
        "UPDATE orders_returnline SET received = 1 WHERE received > 0 AND line_id = {row}",
    ),
    _one(
        "no more units are put back on the shelf than came back",
        RETURNED_LINE,
        "UPDATE catalog_stockmovement SET delta = 9 WHERE kind = 'return'"
        " AND order_line_ref = {row}",
    ),
    _one(
        "no more units are put back on the shelf than came back",
        RETURNED_LINE,
        "UPDATE orders_orderline SET returned = 1 WHERE id = {row}",
    ),
    _one(
        "what comes back was sent, and comes back once",
        RETURNED_LINE,
        "UPDATE orders_returnline SET quantity = 9 WHERE received = 0 AND line_id = {row}",
    ),
    _one(
        "what comes back was sent, and comes back once",
        RETURNED_LINE,
        "UPDATE orders_orderline SET shipped = 1 WHERE id = {row}",
        unguarded="orders_orderline",
    ),
    # --- the ledger
    _one(
        "a transfer moves a positive amount between two accounts of its currency",
        TRANSFER,
        "UPDATE orders_ledgertransfer SET amount_minor = -5 WHERE id = {row}",
        unguarded="orders_ledgertransfer",
    ),
    _one(
        "a transfer moves a positive amount between two accounts of its currency",
        TRANSFER,
        "UPDATE orders_ledgertransfer SET debit_id = credit_id WHERE id = {row}",
        unguarded="orders_ledgertransfer",
    ),
    _one(
        "a transfer moves a positive amount between two accounts of its currency",
        TRANSFER,
        "UPDATE orders_ledgertransfer SET currency = 'USD' WHERE id = {row}",
    ),
    _one(
        "all balances of a currency add up to nothing",
        "SELECT 'EUR'",
        "UPDATE orders_ledgeraccount SET balance_minor = balance_minor - 1 WHERE id = ("
        + ACCOUNT
        + ")",
    ),
    _one(
        "all balances of a currency add up to nothing",
        "SELECT 'USD'",
        "UPDATE orders_ledgeraccount SET currency = 'USD' WHERE id = (" + ACCOUNT + ")",
    ),
    _one(
        "the stored balance is the sum of its legs",
        ACCOUNT,
        "UPDATE orders_ledgeraccount SET balance_minor = balance_minor - 7 WHERE id = {row}",
    ),
    _one(
        "the stored balance is the sum of its legs",
        ACCOUNT,
        "UPDATE orders_ledgertransfer SET amount_minor = amount_minor + 1 WHERE id ="
        " (SELECT min(id) FROM orders_ledgertransfer WHERE credit_id = {row})",
    ),
    _one(
        "the stored balance is the sum of its legs",
        ACCOUNT,
        "DELETE FROM orders_ledgertransfer WHERE id ="
        " (SELECT min(id) FROM orders_ledgertransfer WHERE credit_id = {row})",
    ),
    _one(
        "an account is named after its kind, its owner and its currency",
        "SELECT min(id) FROM orders_ledgeraccount WHERE kind = 'shop_available'",
        "UPDATE orders_ledgeraccount SET shop_id = (SELECT max(id) FROM accounts_shop"
        " WHERE id <> orders_ledgeraccount.shop_id) WHERE id = {row}",
    ),
    _one(
        "an account is named after its kind, its owner and its currency",
        "SELECT min(id) FROM orders_ledgeraccount WHERE kind = 'provider'",
        "UPDATE orders_ledgeraccount SET currency = 'USD' WHERE id = {row}",
    ),
    _one(
        "a transfer moves the money of no other shop or order than it is about",
        TRANSFER,
        "UPDATE orders_ledgertransfer SET seller_order_id = (SELECT max(id)"
        " FROM orders_sellerorder WHERE id <> orders_ledgertransfer.seller_order_id)"
        " WHERE id = {row}",
    ),
    _one(
        "a transfer moves the money of no other shop or order than it is about",
        TRANSFER,
        "UPDATE orders_ledgertransfer SET credit_id = (SELECT id FROM orders_ledgeraccount"
        " WHERE kind = 'shop_pending' AND id <> orders_ledgertransfer.credit_id)"
        " WHERE id = {row}",
    ),
    # --- payments and refunds
    _one(
        "a paid order has its money, in its currency",
        PAID_ORDER,
        "UPDATE orders_payment SET captured_minor = 1 WHERE order_id = {row}",
        unguarded="orders_payment",
    ),
    _one(
        "a paid order has its money, in its currency",
        PAID_ORDER,
        "UPDATE orders_payment SET currency = 'USD' WHERE order_id = {row}",
    ),
    _one(
        "a refund is the sum of its lines and its delivery",
        REFUND,
        "UPDATE orders_refund SET amount_minor = amount_minor + 1 WHERE id = {row}",
    ),
    _one(
        "a refund is the sum of its lines and its delivery",
        REFUND,
        "UPDATE orders_refundline SET amount_minor = amount_minor - 1 WHERE refund_id = {row}",
    ),
    _one(
        "an order whose whole sum is captured is marked paid within 5 minutes",
        PAID_ORDER,
        "UPDATE orders_order SET paid_at = NULL WHERE id = {row}",
    ),
    _one(
        "an order whose whole sum is captured is marked paid within 5 minutes",
        "SELECT min(id) FROM orders_order WHERE state = 'awaiting_payment'",
        "UPDATE orders_payment SET captured_at = {old}, captured_minor = 99999999,"
        " order_id = {row} WHERE id = (" + PAYMENT + ")",
    ),
    _one(
        "an order's clearing account holds what is paid and not handed on, and refunds under way",
        "SELECT min(id) FROM orders_ledgeraccount WHERE kind = 'order' AND balance_minor = 0",
        "UPDATE orders_ledgeraccount SET balance_minor = -1 WHERE id = {row}",
    ),
    _one(
        "an order's clearing account holds what is paid and not handed on, and refunds under way",
        "SELECT min(id) FROM orders_ledgeraccount WHERE kind = 'order' AND balance_minor <> 0",
        "UPDATE orders_refund SET state = 'succeeded' WHERE payment_id IN (SELECT id FROM"
        " orders_payment WHERE order_id = (SELECT order_id FROM orders_ledgeraccount"
        " WHERE id = {row}))",
    ),
    _one(
        "money beyond the total, or for a closed order, is refunded or under way within 5 minutes",
        PAID_ORDER,
        "UPDATE orders_payment SET captured_minor = captured_minor + 100000, captured_at = {old}"
        " WHERE order_id = {row}",
    ),
    _one(
        "money beyond the total, or for a closed order, is refunded or under way within 5 minutes",
        PAID_ORDER,
        "UPDATE orders_payment SET captured_at = {old} WHERE order_id = {row}",
        "UPDATE orders_order SET state = 'cancelled' WHERE id = {row}",
    ),
    _one(
        "money taken is money booked, payment by payment",
        PAYMENT,
        "UPDATE orders_payment SET captured_minor = captured_minor + 1 WHERE id = {row}",
    ),
    _one(
        "money taken is money booked, payment by payment",
        PAYMENT,
        "UPDATE orders_payment SET fee_minor = coalesce(fee_minor, 0) + 1 WHERE id = {row}",
    ),
    _one(
        "money taken is money booked, payment by payment",
        PAYMENT,
        "UPDATE orders_ledgertransfer SET payment_id = NULL"
        " WHERE payment_id = {row} AND kind = 'captured'",
    ),
    _one(
        "refunds add up to the refunded amount, and those decided to the decided one",
        "SELECT min(payment_id) FROM orders_refund WHERE state = 'succeeded'",
        "UPDATE orders_payment SET refunded_minor = refunded_minor - 1 WHERE id = {row}",
    ),
    _one(
        "refunds add up to the refunded amount, and those decided to the decided one",
        PAYMENT,
        "UPDATE orders_payment SET refund_decided_minor = refund_decided_minor + 1"
        " WHERE id = {row}",
    ),
    _one(
        "what deliveries count as refunded is what their refunds say",
        REFUNDED_PART,
        "UPDATE orders_sellerorder SET shipping_refunded_minor = 0 WHERE id = {row}",
    ),
    _one(
        "what deliveries count as refunded is what their refunds say",
        REFUNDED_PART,
        "UPDATE orders_refund SET shipping_minor = shipping_minor + 1"
        " WHERE seller_order_id = {row}",
    ),
    _one(
        "what lines count as refunded is what their refunds say",
        "SELECT min(line_id) FROM orders_refundline",
        "UPDATE orders_orderline SET refunded_minor = refunded_minor - 1 WHERE id = {row}",
    ),
    _one(
        "what lines count as refunded is what their refunds say",
        "SELECT min(line_id) FROM orders_refundline",
        "UPDATE orders_refundline SET quantity = quantity + 1 WHERE line_id = {row}",
    ),
    _one(
        "a cancelled part that was paid has given its money back",
        "SELECT min(so.id) FROM orders_sellerorder so JOIN orders_order o ON o.id = so.order_id"
        " WHERE so.state = 'cancelled' AND o.paid_at IS NOT NULL",
        "UPDATE orders_orderline SET refunded_minor = 1 WHERE seller_order_id = {row}",
    ),
    _one(
        "a cancelled part that was paid has given its money back",
        "SELECT min(so.id) FROM orders_sellerorder so JOIN orders_order o ON o.id = so.order_id"
        " WHERE so.state = 'paid' AND o.paid_at IS NOT NULL",
        "UPDATE orders_sellerorder SET state = 'cancelled' WHERE id = {row}",
    ),
    _one(
        "what a bank took back is refunded, and done",
        "SELECT min(seller_order_id) FROM orders_dispute",
        "UPDATE orders_refund SET state = 'failed' WHERE kind = 'dispute'",
    ),
    _one(
        "what a bank took back is refunded, and done",
        "SELECT min(seller_order_id) FROM orders_dispute",
        "UPDATE orders_dispute SET amount_minor = amount_minor + 1",
    ),
    # --- what orders come to, and what the marketplace keeps
    _one(
        "a paid line has its commission, within what its shop earns",
        LINE,
        "DELETE FROM orders_commission WHERE line_id = {row}",
    ),
    _one(
        "a paid line has its commission, within what its shop earns",
        LINE,
        "UPDATE orders_commission SET base_minor = base_minor - 1 WHERE line_id = {row}",
    ),
    _one(
        "a paid line has its commission, within what its shop earns",
        LINE,
        "UPDATE orders_commission SET amount_minor = base_minor + 1 WHERE line_id = {row}",
    ),
    _one(
        "what the marketplace pays of discounts is booked, part by part, less what went back",
        PART,
        "UPDATE orders_orderline SET discount_minor = 1, discount_funded_minor = 1"
        " WHERE seller_order_id = {row}",
        unguarded="orders_orderline",
    ),
    _one(
        "what the marketplace pays of discounts is booked, part by part, less what went back",
        PART,
        "UPDATE orders_sellerorder SET shipping_discount_minor = 5, shipping_funded_minor = 5"
        " WHERE id = {row}",
    ),
    _one(
        "a part that is over has nothing pending",
        "SELECT min(id) FROM orders_sellerorder WHERE state = 'completed'",
        "UPDATE orders_ledgertransfer SET amount_minor = amount_minor - 1"
        " WHERE kind = 'completed' AND seller_order_id = {row}",
    ),
    _one(
        "nothing of a part is available before it completes",
        "SELECT max(id) FROM orders_sellerorder WHERE state = 'completed'",
        "UPDATE orders_sellerorder SET state = 'delivered' WHERE id = {row}",
    ),
    _one(
        "commission booked is commission charged, part by part",
        PART,
        "UPDATE orders_commission SET amount_minor = amount_minor + 1"
        " WHERE line_id IN (SELECT id FROM orders_orderline WHERE seller_order_id = {row})",
    ),
    _one(
        "commission booked is commission charged, part by part",
        PART,
        "UPDATE orders_ledgertransfer SET seller_order_id = NULL"
        " WHERE kind = 'commission' AND seller_order_id = {row}",
    ),
    _one(
        "each shop's part adds up from its lines",
        PART,
        "UPDATE orders_sellerorder SET total_minor = total_minor + 1 WHERE id = {row}",
    ),
    _one(
        "each shop's part adds up from its lines",
        PART,
        "UPDATE orders_orderline SET discount_minor = 1 WHERE seller_order_id = {row}",
        unguarded="orders_orderline",
    ),
    _one(
        "each shop's part adds up from its lines",
        PART,
        "UPDATE orders_orderline SET tax_included_minor = 1 WHERE seller_order_id = {row}",
    ),
    _one(
        "the order adds up from its shops' parts",
        PAID_ORDER,
        "UPDATE orders_order SET total_minor = total_minor + 1, goods_minor = goods_minor + 1"
        " WHERE id = {row}",
    ),
    _one(
        "the order adds up from its shops' parts",
        PAID_ORDER,
        "UPDATE orders_sellerorder SET shipping_minor = shipping_minor + 1 WHERE order_id = {row}",
    ),
    # --- payouts
    _one(
        "a payout is the sum of what it covers, all of it in its own shop and currency",
        PAYOUT,
        "UPDATE orders_payout SET amount_minor = amount_minor + 1 WHERE id = {row}",
    ),
    _one(
        "a payout is the sum of what it covers, all of it in its own shop and currency",
        PAYOUT,
        "DELETE FROM orders_payoutitem WHERE payout_id = {row}",
    ),
    _one(
        "a payout is the sum of what it covers, all of it in its own shop and currency",
        PAYOUT,
        "UPDATE orders_payoutitem SET transfer_id = (" + TRANSFER + ") WHERE id ="
        " (SELECT min(id) FROM orders_payoutitem WHERE payout_id = {row})",
    ),
    _one(
        "a payout that was sent is booked once, and reversed where it failed or came back",
        PAYOUT,
        "DELETE FROM orders_ledgertransfer WHERE kind = 'payout' AND payout_id = {row}",
    ),
    _one(
        "a payout that was sent is booked once, and reversed where it failed or came back",
        PAYOUT,
        "UPDATE orders_payout SET state = 'returned' WHERE id = {row}",
    ),
    _one(
        "no shop is overpaid",
        "SELECT debit_id FROM orders_ledgertransfer WHERE kind = 'payout' ORDER BY id LIMIT 1",
        "UPDATE orders_ledgertransfer SET amount_minor = amount_minor + 1000000"
        " WHERE kind = 'payout' AND debit_id = {row}",
    ),
    _one(
        "no shop is overpaid",
        "SELECT credit_id FROM orders_ledgertransfer WHERE kind = 'completed' ORDER BY id LIMIT 1",
        "DELETE FROM orders_payoutitem",
        "DELETE FROM orders_ledgertransfer WHERE kind = 'completed' AND credit_id = {row}",
    ),
    _one(
        "nothing is paid out twice",
        "SELECT min(transfer_id) FROM orders_payoutitem",
        "INSERT INTO orders_payoutitem (id, payout_id, transfer_id)"
        " SELECT max(id) + 1, max(payout_id), {row} FROM orders_payoutitem",
        unguarded="orders_payoutitem",
    ),
    _one(
        "what a shop has available is what no payout covers yet",
        "SELECT debit_id FROM orders_ledgertransfer WHERE kind = 'payout' ORDER BY id LIMIT 1",
        "DELETE FROM orders_payoutitem WHERE id = (SELECT min(i.id) FROM orders_payoutitem i"
        " JOIN orders_payout p ON p.id = i.payout_id JOIN orders_ledgeraccount a"
        " ON a.shop_id = p.shop_id WHERE a.id = {row})",
    ),
    _one(
        "what a shop has available is what no payout covers yet",
        "SELECT debit_id FROM orders_ledgertransfer WHERE kind = 'payout' ORDER BY id LIMIT 1",
        "UPDATE orders_ledgeraccount SET balance_minor = balance_minor - 1 WHERE id = {row}",
    ),
    _one(
        "a payout and its reversal are booked between the shop and the provider it went by",
        SENT,
        "UPDATE orders_ledgertransfer SET payout_id = NULL WHERE id = {row}",
    ),
    _one(
        "a payout and its reversal are booked between the shop and the provider it went by",
        SENT,
        "UPDATE orders_ledgertransfer SET credit_id = (" + ACCOUNT + ") WHERE id = {row}",
    ),
    _one(
        "no refund is recovered beyond what it made the shop owe",
        OWED,
        "UPDATE orders_ledgertransfer SET amount_minor = amount_minor + 1"
        " WHERE kind = 'recovery' AND credit_id = {row}",
    ),
    _one(
        "no refund is recovered beyond what it made the shop owe",
        OWED,
        "UPDATE orders_ledgertransfer SET refund_id = NULL"
        " WHERE kind = 'recovery' AND credit_id = {row}",
    ),
    _one(
        "payouts of a shop are numbered 1, 2, 3 … without gap or double",
        "SELECT min(shop_id) FROM orders_payout",
        "UPDATE orders_payout SET number = number + 7 WHERE shop_id = {row}",
    ),
    _one(
        "payouts of a shop are numbered 1, 2, 3 … without gap or double",
        "SELECT min(shop_id) FROM orders_payout",
        "UPDATE orders_payout SET number = 1 WHERE shop_id = {row}",
        unguarded="orders_payout",
    ),
    _one(
        "a payout is closed when it has an end, and not before",
        PAYOUT,
        "UPDATE orders_payout SET closed_at = NULL WHERE id = {row}",
    ),
    _one(
        "a payout is closed when it has an end, and not before",
        PAYOUT,
        "UPDATE orders_payout SET state = 'processing' WHERE id = {row}",
    ),
    _one(
        "no payout of a shop that nobody holds waits for more than a day",
        PAYOUT,
        "UPDATE orders_payout SET closed_at = NULL, created_at = {old} WHERE id = {row}",
    ),
    _one(
        "a payout goes to a bank account of its own shop, which had cooled off",
        PAYOUT,
        "UPDATE orders_payout SET bank_account_id = (SELECT max(b.id) FROM accounts_bankaccount b"
        " WHERE b.shop_id <> orders_payout.shop_id) WHERE id = {row}",
    ),
    _one(
        "a payout goes to a bank account of its own shop, which had cooled off",
        PAYOUT,
        "UPDATE orders_payout SET created_at = {old} WHERE id = {row}",
    ),
    # --- promotions
    _one(
        "the promotion counter is its redemptions, within its limit",
        PROMOTION,
        "UPDATE carts_promotion SET used = used + 1 WHERE id = {row}",
    ),
    _one(
        "the promotion counter is its redemptions, within its limit",
        PROMOTION,
        "DELETE FROM orders_redemptionshare WHERE redemption_id IN (SELECT id FROM"
        " orders_redemption WHERE promotion_id = {row} AND state = 'used')",
        "DELETE FROM orders_redemption WHERE promotion_id = {row} AND state = 'used'",
    ),
    _one(
        "the promotion counter is its redemptions, within its limit",
        PROMOTION,
        "UPDATE carts_promotion SET max_uses = 1 WHERE id = {row}",
        unguarded="carts_promotion",
    ),
    _one(
        "a promotion is used within the limit per buyer",
        PROMOTION,
        "UPDATE carts_promotion SET max_per_buyer = 1 WHERE id = {row}",
    ),
    _one(
        "a promotion is used within the limit per buyer",
        PROMOTION,
        "UPDATE orders_redemption SET slot = NULL WHERE promotion_id = {row}",
    ),
    _one(
        "an order that came to nothing uses no promotion, and every other uses its own",
        "SELECT min(id) FROM orders_redemption WHERE state = 'used'",
        "UPDATE orders_redemption SET state = 'released' WHERE id = {row}",
    ),
    _one(
        "an order that came to nothing uses no promotion, and every other uses its own",
        "SELECT min(id) FROM orders_redemption WHERE state = 'released'",
        "UPDATE orders_redemption SET state = 'used', slot = 9 WHERE id = {row}",
    ),
    _one(
        "what promotions took off an order is what its lines and deliveries were reduced by",
        "SELECT min(order_id) FROM orders_redemption",
        "UPDATE orders_redemption SET discount_minor = discount_minor + 1 WHERE order_id = {row}",
    ),
    _one(
        "what promotions took off an order is what its lines and deliveries were reduced by",
        "SELECT min(order_id) FROM orders_redemption",
        "UPDATE orders_orderline SET discount_funded_minor = discount_funded_minor - 1"
        " WHERE discount_funded_minor > 0 AND seller_order_id IN"
        " (SELECT id FROM orders_sellerorder WHERE order_id = {row})",
    ),
    _one(
        "what a statement names of a discount is what was taken off, line by line",
        "SELECT min(order_line_id) FROM orders_redemptionshare",
        "UPDATE orders_redemptionshare SET discount_minor = discount_minor + 1"
        " WHERE order_line_id = {row}",
    ),
    _one(
        "the shares of a promotion's use add up to it",
        "SELECT min(redemption_id) FROM orders_redemptionshare",
        "UPDATE orders_redemptionshare SET discount_minor = discount_minor + 1"
        " WHERE redemption_id = {row}",
    ),
    # --- requests, events, states
    _one(
        "no idempotency key is in progress for long",
        "SELECT min(id) FROM core_idempotentrequest",
        "UPDATE core_idempotentrequest SET state = 'claimed', created_at = {old} WHERE id = {row}",
    ),
    _one(
        "a provider's event is applied at most once, and only to its own payment",
        "SELECT min(id) FROM orders_paymentevent",
        "UPDATE orders_paymentevent SET payment_id = NULL WHERE id = {row}",
    ),
    _one(
        "a provider's event is applied at most once, and only to its own payment",
        "SELECT min(id) FROM orders_paymentevent",
        "UPDATE orders_paymentevent SET currency = 'USD' WHERE id = {row}",
    ),
    _one(
        "every event of a provider has its task, which is done within 10 minutes",
        "SELECT min(id) FROM orders_paymentevent",
        "DELETE FROM orders_paymenteventtask WHERE event_id = {row}",
    ),
    _one(
        "every event of a provider has its task, which is done within 10 minutes",
        "SELECT min(id) FROM orders_paymentevent",
        "UPDATE orders_paymenteventtask SET done_at = NULL, created_at = {old}"
        " WHERE event_id = {row}",
    ),
    _one(
        "every step of the history is allowed",
        "SELECT min(id) FROM orders_statechange WHERE subject = 'order'",
        "UPDATE orders_statechange SET dst = 'completed' WHERE id = {row}",
    ),
    _one(
        "every step of the history is allowed",
        "SELECT min(id) FROM orders_statechange WHERE subject = 'payment' AND src = 'created'",
        "UPDATE orders_statechange SET src = 'captured' WHERE id = {row}",
    ),
    _one(
        "each step starts where the one before ended",
        "SELECT min(id) FROM orders_statechange WHERE subject = 'payment'",
        "UPDATE orders_statechange SET seq = seq + 50 WHERE id = {row}",
    ),
    _one(
        "each step starts where the one before ended",
        "SELECT min(id) FROM orders_statechange WHERE subject = 'order' AND seq = 2",
        "UPDATE orders_statechange SET src = 'paid' WHERE id = {row}",
    ),
    _one(
        "the history ends in the current state",
        "SELECT 'order'",
        "UPDATE orders_order SET state = 'expired' WHERE id = (" + PAID_ORDER + ")",
    ),
    _one(
        "the history ends in the current state",
        "SELECT 'payout'",
        "UPDATE orders_payout SET state = 'processing' WHERE id = (" + PAYOUT + ")",
    ),
    _one(
        "the history ends in the current state",
        "SELECT 'refund'",
        "DELETE FROM orders_statechange WHERE subject = 'refund'",
    ),
    _one(
        "an order that is paid says when, and one that isn't does not",
        "SELECT min(id) FROM orders_order WHERE state = 'completed'",
        "UPDATE orders_order SET paid_at = NULL WHERE id = {row}",
    ),
    _one(
        "an order that is paid says when, and one that isn't does not",
        "SELECT min(id) FROM orders_order WHERE state = 'awaiting_payment'",
        "UPDATE orders_order SET paid_at = {old} WHERE id = {row}",
    ),
    _one(
        "an order is where its parts are",
        "SELECT min(id) FROM orders_order WHERE state = 'completed'",
        "UPDATE orders_order SET state = 'paid' WHERE id = {row}",
    ),
    _one(
        "an order is where its parts are",
        "SELECT min(order_id) FROM orders_sellerorder WHERE state = 'cancelled'",
        "UPDATE orders_sellerorder SET state = 'paid' WHERE order_id = {row}",
    ),
    _one(
        "a part is where its units are",
        "SELECT min(id) FROM orders_sellerorder WHERE state = 'completed'",
        "UPDATE orders_sellerorder SET state = 'paid' WHERE id = {row}",
    ),
    _one(
        "a part is where its units are",
        "SELECT min(id) FROM orders_sellerorder WHERE state = 'cancelled'",
        "UPDATE orders_orderline SET released = 0, allocated = quantity"
        " WHERE seller_order_id = {row}",
    ),
    _one(
        "a dispute is closed exactly when it is decided",
        DISPUTE,
        "UPDATE orders_dispute SET closed_at = NULL WHERE id = {row}",
    ),
    _one(
        "a dispute is closed exactly when it is decided",
        DISPUTE,
        "UPDATE orders_dispute SET state = 'open' WHERE id = {row}",
    ),
    _one(
        "a payment is closed when it has an end, and not before",
        PAYMENT,
        "UPDATE orders_payment SET closed_at = NULL WHERE id = {row}",
    ),
    _one(
        "a payment is closed when it has an end, and not before",
        PAYMENT,
        "UPDATE orders_payment SET state = 'created' WHERE id = {row}",
    ),
    _one(
        "each receiver acts once per event",
        "SELECT min(id) FROM core_outboxevent",
        "INSERT INTO core_eventreceipt (id, event_id, receiver, heard_at)"
        " SELECT made.id, waiting.id, 'app.receivers.tell_twice', waiting.created_at"
        " FROM core_outboxevent waiting, (SELECT 1000001 AS id UNION SELECT 1000002) made"
        " WHERE waiting.id = {row}",
        unguarded="core_eventreceipt",
    ),
    _one(
        "the outbox drains",
        "SELECT min(id) FROM core_outboxevent",
        "UPDATE core_outboxevent SET done_at = NULL, created_at = {old} WHERE id = {row}",
    ),
    _one(
        "nobody is written to twice about one thing",
        "SELECT recipient FROM notifications_mail ORDER BY id LIMIT 1",
        "UPDATE notifications_mail SET dedupe_key = 'same' WHERE recipient = '{row}'",
        unguarded="notifications_mail",
    ),
    _one(
        "an endpoint is told of an event once",
        "SELECT min(endpoint_id) FROM notifications_webhookdelivery",
        "UPDATE notifications_webhookdelivery SET event_id = (SELECT event_id FROM"
        " notifications_webhookdelivery ORDER BY id LIMIT 1) WHERE endpoint_id = {row}",
        unguarded="notifications_webhookdelivery",
    ),
    _one(
        "what counts as delivered was accepted",
        WEBHOOK,
        "UPDATE notifications_webhookdelivery SET state = 'delivered' WHERE id = {row}",
    ),
    _one(
        "a shop's webhooks say nothing of another's orders",
        WEBHOOK,
        "UPDATE notifications_webhookdelivery SET subject = 'order:987654' WHERE id = {row}",
    ),
    _one(
        "nobody is told twice of one thing",
        "SELECT min(user_id) FROM notifications_notification",
        "UPDATE notifications_notification SET dedupe_key = 'same' WHERE user_id = {row}",
        unguarded="notifications_notification",
    ),
    _one(
        "no browser is woken twice by one notification, and none by another person's",
        PUSH,
        _copy(
            "notifications_push",
            "subscription_id notification_id created_at due_at attempts last_error",
        ),
        unguarded="notifications_push",
    ),
    _one(
        "no browser is woken twice by one notification, and none by another person's",
        PUSH,
        "UPDATE notifications_pushsubscription SET user_id = "
        "(SELECT max(id) FROM accounts_user WHERE id <> user_id)",
    ),
    # --- whose is it
    _one(
        "a refund goes back by a payment of its own order",
        REFUND,
        "UPDATE orders_refund SET payment_id = (SELECT max(id) FROM orders_payment"
        " WHERE id <> orders_refund.payment_id) WHERE id = {row}",
    ),
    _one(
        "a refund goes back by a payment of its own order",
        REFUND,
        "UPDATE orders_refund SET seller_order_id = (SELECT max(id) FROM orders_sellerorder)"
        " WHERE id = {row}",
    ),
    _one(
        "parcels, returns and refunds hold lines of their own part",
        "SELECT 'parcel'",
        "UPDATE orders_shipment SET seller_order_id = (SELECT max(id) FROM orders_sellerorder)"
        " WHERE id = (SELECT min(id) FROM orders_shipment)",
    ),
    _one(
        "parcels, returns and refunds hold lines of their own part",
        "SELECT 'refund of a return'",
        "UPDATE orders_refund SET seller_order_id = (SELECT max(id) FROM orders_sellerorder)"
        " WHERE kind = 'return'",
    ),
    _one(
        "a variant belongs to the shop of its product",
        "SELECT min(id) FROM catalog_variant",
        "UPDATE catalog_variant SET shop_id = (SELECT max(id) FROM accounts_shop"
        " WHERE id <> catalog_variant.shop_id) WHERE id = {row}",
    ),
    _one(
        "a variant belongs to the shop of its product",
        "SELECT min(id) FROM catalog_variant",
        "UPDATE catalog_product SET shop_id = (SELECT max(id) FROM accounts_shop WHERE id <>"
        " catalog_product.shop_id) WHERE id = (SELECT product_id FROM catalog_variant"
        " WHERE id = {row})",
    ),
    _one(
        "no order line points across shops",
        LINE,
        "UPDATE orders_orderline SET variant_id = (SELECT max(id) FROM catalog_variant"
        " WHERE id <> orders_orderline.variant_id) WHERE id = {row}",
    ),
    _one(
        "no order line points across shops",
        LINE,
        "UPDATE orders_orderline SET stock_item_id = (SELECT max(id) FROM catalog_stockitem"
        " WHERE id <> orders_orderline.stock_item_id) WHERE id = {row}",
    ),
    _one(
        "what is refunded of a return never exceeds what was received",
        "SELECT min(id) FROM orders_return",
        "UPDATE orders_returnline SET received = 1 WHERE parcel_id = {row}",
    ),
    _one(
        "what is refunded of a return never exceeds what was received",
        "SELECT min(id) FROM orders_return",
        "UPDATE orders_refundline SET quantity = 3 WHERE refund_id IN"
        " (SELECT id FROM orders_refund WHERE returned_id = {row})",
    ),
    _one(
        "Nobody who sells is staff",
        "SELECT min(user_id) FROM accounts_shopmember",
        f"UPDATE accounts_user SET is_staff = {TRUE} WHERE id = {{row}}",
    ),
    _one(
        "Nobody who sells is staff",
        "SELECT min(user_id) FROM accounts_shopmember",
        f"UPDATE accounts_user SET is_superuser = {TRUE} WHERE id = {{row}}",
    ),
    _one(
        "one order per cart, one open payment per order",
        "SELECT min(cart_id) FROM orders_order",
        "UPDATE orders_order SET cart_id = {row}",
        unguarded="orders_order",
    ),
    _one(
        "one order per cart, one open payment per order",
        "SELECT min(order_id) FROM orders_payment",
        "UPDATE orders_payment SET closed_at = NULL, order_id = {row}",
        unguarded="orders_payment",
    ),
    # --- invoices
    _one(
        "numbers of invoices run 1, 2, 3 … without gap or double",
        "SELECT min(series_id) FROM orders_invoice",
        "UPDATE orders_invoiceseries SET last_number = last_number + 1 WHERE id = {row}",
    ),
    _one(
        "numbers of invoices run 1, 2, 3 … without gap or double",
        "SELECT min(series_id) FROM orders_invoice",
        "UPDATE orders_invoice SET number = 1 WHERE series_id = {row}",
        unguarded="orders_invoice",
    ),
    _one(
        "numbers of invoices run 1, 2, 3 … without gap or double",
        "SELECT min(series_id) FROM orders_invoice",
        "DELETE FROM orders_invoice WHERE number = 1 AND series_id = {row}",
    ),
    _one(
        "an invoice comes to what its shop's part of the order does",
        SALE,
        "UPDATE orders_invoice SET total_minor = total_minor + 1 WHERE id = {row}",
    ),
    _one(
        "an invoice comes to what its shop's part of the order does",
        SALE,
        "UPDATE orders_invoice SET shop_id = (SELECT max(id) FROM accounts_shop"
        " WHERE id <> orders_invoice.shop_id) WHERE id = {row}",
    ),
    _one(
        "a credit note comes to what its refund gave back",
        NOTE,
        "UPDATE orders_invoice SET tax_minor = tax_minor + 1 WHERE id = {row}",
    ),
    _one(
        "a credit note comes to what its refund gave back",
        NOTE,
        "UPDATE orders_refund SET state = 'failed', succeeded_at = NULL"
        " WHERE id = (SELECT refund_id FROM orders_invoice WHERE id = {row})",
    ),
    _one(
        "one invoice of a part, one credit note of a refund",
        "SELECT min(seller_order_id) FROM orders_invoice WHERE kind = 'sale'",
        "UPDATE orders_invoice SET seller_order_id = {row} WHERE kind = 'sale'",
    ),
    _one(
        "one invoice of a part, one credit note of a refund",
        "SELECT min(refund_id) FROM orders_invoice WHERE kind = 'credit_note'",
        "UPDATE orders_invoice SET refund_id = {row} WHERE kind = 'credit_note'",
    ),
    _one(
        "a part that was paid has its invoice within a day",
        "SELECT min(seller_order_id) FROM orders_invoice WHERE kind = 'sale'",
        "DELETE FROM orders_invoice WHERE kind = 'sale' AND seller_order_id = {row}",
    ),
    _one(
        "a part that was paid has its invoice within a day",
        "SELECT max(seller_order_id) FROM orders_invoice WHERE kind = 'sale'",
        "DELETE FROM orders_invoice WHERE kind = 'sale' AND seller_order_id = {row}",
        "UPDATE orders_order SET paid_at = {old} WHERE id ="
        " (SELECT order_id FROM orders_sellerorder WHERE id = {row})",
    ),
    _one(
        "a refund that succeeded has its credit note within a day",
        "SELECT min(refund_id) FROM orders_invoice",
        "DELETE FROM orders_invoice WHERE refund_id = {row}",
    ),
    _one(
        "a refund that succeeded has its credit note within a day",
        "SELECT max(id) FROM orders_refund WHERE state = 'pending'",
        "UPDATE orders_refund SET state = 'succeeded', succeeded_at = {old} WHERE id = {row}",
    ),
    _one(
        "an invoice of commission comes to what its month charged or took back",
        FEE,
        "UPDATE orders_invoice SET total_minor = total_minor - 1 WHERE id = {row}",
    ),
    _one(
        "an invoice of commission comes to what its month charged or took back",
        "SELECT min(id) FROM orders_invoice WHERE kind = 'commission_credit'",
        "UPDATE orders_invoice SET tax_minor = 0 WHERE id = {row}",
    ),
    _one(
        "commission of a month that is over has its invoice within a day",
        "SELECT min(dedupe_key) FROM orders_invoice WHERE kind = 'commission'",
        "DELETE FROM orders_invoice WHERE dedupe_key = '{row}'",
    ),
    _one(
        "commission of a month that is over has its invoice within a day",
        "SELECT min(dedupe_key) FROM orders_invoice WHERE kind = 'commission_credit'",
        "DELETE FROM orders_invoice WHERE dedupe_key = '{row}'",
    ),
    # --- conversations
    _one(
        "messages are numbered 1, 2, 3 … without gap or double",
        CONVERSATION,
        "DELETE FROM chat_message WHERE conversation_id = {row} AND seq = 1",
    ),
    _one(
        "messages are numbered 1, 2, 3 … without gap or double",
        CONVERSATION,
        "UPDATE chat_message SET seq = 2 WHERE conversation_id = {row} AND seq = 1",
        unguarded="chat_message",
    ),
    _one(
        "a conversation knows the number of its last message",
        CONVERSATION,
        "UPDATE chat_conversation SET last_seq = last_seq + 1 WHERE id = {row}",
    ),
    _one(
        "a conversation knows the number of its last message",
        CONVERSATION,
        "DELETE FROM chat_message WHERE conversation_id = {row} AND seq ="
        " (SELECT last_seq FROM chat_conversation WHERE id = {row})",
    ),
    _one(
        "nobody has read what was not written",
        SEAT,
        "UPDATE chat_seat SET read_seq = 99 WHERE id = {row}",
    ),
    _one(
        "a message taken back says nothing",
        PINNED,
        "UPDATE chat_message SET deleted_at = {old} WHERE id = {row}",
    ),
    _one(
        "what a message is about belongs to its buyer and its shop",
        PINNED,
        "UPDATE chat_message SET part_id = (SELECT max(so.id) FROM orders_sellerorder so"
        " JOIN chat_conversation c ON c.id = chat_message.conversation_id"
        " WHERE so.shop_id <> c.shop_id) WHERE id = {row}",
    ),
    _one(
        "what a message is about belongs to its buyer and its shop",
        PINNED,
        "UPDATE chat_message SET product_id = (SELECT max(p.id) FROM catalog_product p"
        " JOIN chat_conversation c ON c.id = chat_message.conversation_id"
        " WHERE p.shop_id <> c.shop_id) WHERE id = {row}",
    ),
    _one(
        "what a message is about belongs to its buyer and its shop",
        PINNED,
        "UPDATE orders_order SET buyer_id = NULL WHERE id = (SELECT so.order_id"
        " FROM orders_sellerorder so JOIN chat_message m ON m.part_id = so.id"
        " WHERE m.id = {row})",
    ),
    _one(
        "who writes as the buyer is the buyer",
        PINNED,
        "UPDATE chat_message SET side = 'shop' WHERE id = {row}",
    ),
    # --- reviews
    _one(
        "a product's rating is that of its reviews",
        "SELECT min(id) FROM catalog_product WHERE rating_count > 0",
        "UPDATE catalog_product SET rating_average = rating_average - 0.5 WHERE id = {row}",
    ),
    _one(
        "a product's rating is that of its reviews",
        "SELECT min(product_id) FROM orders_review WHERE hidden_at IS NOT NULL",
        "UPDATE orders_review SET hidden_at = NULL WHERE product_id = {row}",
    ),
    _one(
        "a review is of a line that arrived, of its product and its shop, by its buyer",
        REVIEW,
        "UPDATE orders_sellerorder SET state = 'shipped' WHERE id = (SELECT l.seller_order_id"
        " FROM orders_orderline l JOIN orders_review r ON r.line_id = l.id WHERE r.id = {row})",
    ),
    _one(
        "a review is of a line that arrived, of its product and its shop, by its buyer",
        REVIEW,
        "UPDATE orders_review SET author_id = (SELECT min(id) FROM accounts_user"
        " WHERE id <> orders_review.author_id) WHERE id = {row}",
    ),
    _one(
        "a line is reviewed once",
        "SELECT min(line_id) FROM orders_review",
        "UPDATE orders_review SET line_id = {row}",
        unguarded="orders_review",
    ),
    _one(
        "a review is answered once, by somebody, and what is withdrawn says nothing",
        REVIEW,
        "UPDATE orders_review SET replied_by_id = NULL WHERE id = {row}",
    ),
    _one(
        "a review is answered once, by somebody, and what is withdrawn says nothing",
        "SELECT min(id) FROM orders_review WHERE withdrawn_at IS NOT NULL",
        "UPDATE orders_review SET body = 'It is back' WHERE id = {row}",
    ),
    _one(
        "an accepted offer gave back what it offered, of the order it was about",
        OFFER,
        "UPDATE chat_proposal SET amount_minor = amount_minor + 1 WHERE id = {row}",
    ),
    _one(
        "an accepted offer gave back what it offered, of the order it was about",
        OFFER,
        "UPDATE chat_proposal SET refund_id = NULL WHERE id = {row}",
    ),
    _one(
        "an accepted offer gave back what it offered, of the order it was about",
        OFFER,
        "UPDATE chat_proposal SET part_id = (SELECT max(id) FROM orders_sellerorder"
        " WHERE id <> chat_proposal.part_id) WHERE id = {row}",
    ),
    _one(
        "an accepted offer gave back what it offered, of the order it was about",
        OFFER,
        "UPDATE chat_proposal SET state = 'open' WHERE id = {row}",
    ),
]
