"""Facts about conversations. The ids are those of docs/safety."""

from __future__ import annotations

from marketflow.core.invariants import invariant

invariant(
    "I15",
    "messages are numbered 1, 2, 3 … without gap or double",
    """
    SELECT conversation_id, min(seq) AS first, max(seq) AS last, count(*) AS messages
    FROM chat_message GROUP BY conversation_id
    HAVING min(seq) <> 1 OR max(seq) <> count(*) OR count(DISTINCT seq) <> count(*)
    """,
)

invariant(
    "I15",
    "a conversation knows the number of its last message",
    """
    SELECT c.id, c.last_seq, coalesce(max(m.seq), 0) AS newest FROM chat_conversation c
    LEFT JOIN chat_message m ON m.conversation_id = c.id
    GROUP BY c.id, c.last_seq HAVING c.last_seq <> coalesce(max(m.seq), 0)
    """,
)

invariant(
    "I15",
    "nobody has read what was not written",
    """
    SELECT s.id, s.read_seq, c.last_seq FROM chat_seat s
    JOIN chat_conversation c ON c.id = s.conversation_id WHERE s.read_seq > c.last_seq
    """,
)

invariant(
    "I15",
    "a message taken back says nothing",
    """
    SELECT m.id FROM chat_message m WHERE m.deleted_at IS NOT NULL
      AND (m.body <> '' OR EXISTS (SELECT 1 FROM chat_attachment a WHERE a.message_id = m.id))
    """,
)

invariant(
    "I16",
    "what a message is about belongs to its buyer and its shop",
    """
    SELECT m.id FROM chat_message m JOIN chat_conversation c ON c.id = m.conversation_id
    LEFT JOIN orders_sellerorder so ON so.id = m.part_id
    LEFT JOIN orders_order o ON o.id = so.order_id
    LEFT JOIN catalog_product p ON p.id = m.product_id
    WHERE so.shop_id <> c.shop_id OR p.shop_id <> c.shop_id
       OR (so.id IS NOT NULL AND (o.buyer_id IS NULL OR o.buyer_id <> c.buyer_id))
    """,
)

invariant(
    "I16",
    "who writes as the buyer is the buyer",
    """
    SELECT m.id FROM chat_message m JOIN chat_conversation c ON c.id = m.conversation_id
    WHERE (m.side = 'buyer') <> (m.author_id IS NOT NULL AND m.author_id = c.buyer_id)
    """,
)

invariant(
    "I16",
    "an accepted offer gave back what it offered, of the order it was about",
    """
    SELECT p.id FROM chat_proposal p
    LEFT JOIN orders_refund r ON r.id = p.refund_id
    LEFT JOIN orders_return t ON t.id = p.parcel_id
    WHERE (p.kind = 'refund' AND (p.state = 'accepted') <> (r.id IS NOT NULL))
       OR (p.kind = 'refund' AND (r.seller_order_id <> p.part_id
           OR r.amount_minor <> p.amount_minor OR r.currency <> p.currency))
       OR t.seller_order_id <> p.part_id
       OR (p.state = 'open') <> (p.decided_at IS NULL)
    """,
)
