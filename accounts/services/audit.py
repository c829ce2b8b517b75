"""Writing down what staff do to other people's things."""

from __future__ import annotations

from structlog.contextvars import get_contextvars

from accounts.models import Shop, User
from marketflow.core.models import AuditEntry


def record(
    action: str, shop: Shop, by: User, *, before: dict, after: dict, reason: str = ""
) -> None:
    """Nothing for a shop's own people: it is their shop."""
    if not by.is_staff:
        return
    AuditEntry.objects.create(
        actor=by,
        action=action,
        subject="shop",
        subject_id=str(shop.uuid),
        before=before,
        after=after,
        reason=reason,
        request_id=get_contextvars().get("request_id", ""),
    )
