"""What notifications keep about a person."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from accounts.services.exports import personal
from notifications.models import PushSubscription


@personal("push_browsers")
def push_browsers_of(user: User) -> list[dict[str, Any]]:
    """Without the addresses and keys: who has those can write on that screen."""
    return [
        {
            "browser": browser.name,
            "push_service": browser.service,
            "turned_on": browser.created_at,
        }
        for browser in PushSubscription.objects.visible_to(user).select_related("session")
    ]
