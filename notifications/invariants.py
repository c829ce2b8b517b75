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
