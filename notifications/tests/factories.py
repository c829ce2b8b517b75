from __future__ import annotations

from accounts.models import User
from notifications.models import Notification
from notifications.services import delivery
from notifications.services.delivery import News


def parcel_news(about: str = "1", kind: str = "parcel_sent", **more) -> News:
    """Some news whose mail needs nothing loaded."""
    values = {
        "kind": kind,
        "about": about,
        "page_args": ("MF-1",),
        "facts": {"number": "MF-1", "shop": "Fern & Co"},
        "template": "notice",
    } | more
    return News(**values)


def make_notifications(user: User, count: int = 1, **more) -> list[Notification]:
    return [
        delivery.tell(user=user, news=parcel_news(f"{number}", **more)) for number in range(count)
    ]
