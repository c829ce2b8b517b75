"""What a push says, and how long and how urgently a push service should try."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone, translation

from notifications.kinds import KINDS, Channel
from notifications.models import Habits, Notification
from notifications.services.pushing.encryption import to_text

# News of yesterday waits in the list.
LONGEST = timedelta(days=1)
MOST_TEXT = 400
# What a header `Topic` may hold: 32 characters.
TOPIC_BYTES = 24


@dataclass(frozen=True)
class Message:
    """What only the browser reads, and what the push service has to know."""

    contents: bytes
    ttl: int
    urgency: str
    topic: str


def message_of(notification: Notification, habits: Habits, moment: datetime) -> Message:
    """No more than the list says, in the words of its reader."""
    topic = topic_of(notification)
    with translation.override(habits.words), timezone.override(habits.zone):
        text = notification.text
    contents = {
        "id": str(notification.uuid),
        "title": settings.MARKETPLACE_NAME,
        "text": text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…",
        # What leads there and marks it as read; what isn't in the list has no such address.
        "url": notification.get_absolute_url() if notification.is_shown else notification.path,
        "path": notification.path,
        "topic": topic,
    }
    return Message(
        contents=json.dumps(contents, ensure_ascii=False).encode(),
        ttl=_seconds_to_try(habits, moment),
        urgency="normal" if Channel.PUSH in KINDS[notification.kind].channels else "low",
        topic=topic,
    )


def topic_of(notification: Notification) -> str:
    """The same for what says the same words about the same page: the later takes the place of the
    earlier, at the push service and on the screen."""
    said = json.dumps([notification.kind, notification.path, notification.facts], sort_keys=True)
    return to_text(hashlib.sha256(said.encode()).digest()[:TOPIC_BYTES])


def _seconds_to_try(habits: Habits, moment: datetime) -> int:
    """A browser that wakes up in quiet hours is told nothing by then."""
    quiet = habits.quiet_begins(moment)
    longest = LONGEST if quiet is None else min(LONGEST, quiet - moment)
    return int(longest.total_seconds())
