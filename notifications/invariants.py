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
