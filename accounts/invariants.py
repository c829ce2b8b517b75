"""What must always hold of people and shops."""

from marketflow.core.invariants import invariant

invariant(
    "I17",
    "Nobody who sells is staff",
    """
    SELECT u.id FROM accounts_user u JOIN accounts_shopmember m ON m.user_id = u.id
    WHERE u.is_staff OR u.is_superuser
    """,
)
