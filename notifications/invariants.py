"""Facts about what people were told."""

from marketflow.core.invariants import invariant

invariant(
    "I14",
    "nobody is written to twice about one thing",
    """
    SELECT recipient, dedupe_key FROM notifications_mail
    GROUP BY recipient, dedupe_key HAVING count(*) > 1
    """,
)
invariant(
    "I14",
    "nobody is told twice of one thing",
    """
    SELECT user_id, dedupe_key FROM notifications_notification
    GROUP BY user_id, dedupe_key HAVING count(*) > 1
    """,
)
invariant(
    "I14",
    "no browser is woken twice by one notification, and none by another person's",
    """
    SELECT min(push.id) AS push_id
    FROM notifications_push AS push
    JOIN notifications_notification AS told ON told.id = push.notification_id
    JOIN notifications_pushsubscription AS browser ON browser.id = push.subscription_id
    GROUP BY push.subscription_id, push.notification_id
    HAVING count(*) > 1 OR min(told.user_id) <> min(browser.user_id)
    """,
)

invariant(
    "I14",
    "an endpoint is told of an event once",
    """
    SELECT endpoint_id, event_id FROM notifications_webhookdelivery
    GROUP BY endpoint_id, event_id HAVING count(*) > 1
    """,
)

invariant(
    "I14",
    "what counts as delivered was accepted",
    """
    SELECT d.id FROM notifications_webhookdelivery d
    WHERE d.state = 'delivered' AND NOT EXISTS (
        SELECT 1 FROM notifications_webhookattempt a
        WHERE a.delivery_id = d.id AND a.status BETWEEN 200 AND 299)
    """,
)

invariant(
    "I16",
    "a shop's webhooks say nothing of another's orders",
    """
    SELECT d.id FROM notifications_webhookdelivery d
    JOIN notifications_webhookendpoint e ON e.id = d.endpoint_id
    WHERE e.shop_id IS NOT NULL AND d.subject LIKE 'order:%%' AND NOT EXISTS (
        SELECT 1 FROM orders_sellerorder s
        WHERE s.shop_id = e.shop_id AND 'order:' || s.order_id = d.subject)
    """,
)
