"""Sending pushes: claimed one by one, requested in threads, and what comes of each written down.

Between writing and sending things change: somebody read it, signed out, chose otherwise, sleeps.
So all of that is asked again here.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.db.models.functions import Now
from django.utils.http import parse_http_date_safe
from django.utils.timezone import now

from notifications.kinds import Channel
from notifications.models import Push, PushSubscription
from notifications.services import preferences, threads
from notifications.services.pushing import encryption, vapid, wording
from notifications.services.pushing.wording import Message
from notifications.services.webhooks import wire
from notifications.services.webhooks.wire import Answer

RUN_SECONDS = 15
MOST_LOOKED_AT = 20
# There is no such browser any more.
GONE = {404, 410}
# Worth another try; so is no answer at all.
PASSING = {408, 425, 429}
# Told later than that, it is no news.
STALE = timedelta(days=2)
LONGEST_WAIT = timedelta(days=1)
USER_AGENT = "MarketFlow-Push/1"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A push in the hands of this process."""

    push: Push
    message: Message


def send_due(*, seconds: float = RUN_SECONDS) -> int:
    """Send what is due, for at most `seconds`. Returns how many push services took.

    Safe to run at once, in any number of processes.
    """
    if not vapid.is_on():
        return 0
    return threads.work_off(take=take, do=say, record=record, seconds=seconds, name="push")


def take() -> Job | None:
    """Claim the next push that is still worth sending; None for nothing due."""
    while due := list(_due()):
        for pk in due:
            if Push.claim(pk) and (job := _job_of(pk)):
                return job
    return None


def say(job: Job) -> Answer:
    """Make the request. Runs in a thread: reads nothing from the database."""
    browser, message = job.push.subscription, job.message
    body = encryption.encrypt(message.contents, p256dh=browser.p256dh, auth=browser.auth)
    headers = {
        "Authorization": vapid.authorization(browser.endpoint),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(message.ttl),
        "Urgency": message.urgency,
        "Topic": message.topic,
        "User-Agent": USER_AGENT,
    }
    return wire.post(browser.endpoint, body, headers)


def record(job: Job, answer: Answer) -> bool:
    """Write down what came of it. Returns whether it was taken."""
    push = job.push
    if answer.is_accepted:
        push.finish()
    elif answer.status in GONE:
        PushSubscription.objects.filter(pk=push.subscription_id).delete()
    elif answer.status is None or answer.status in PASSING or answer.status >= 500:
        _postpone(push, answer)
    else:
        push.give_up(answer.error)
        # Such as a key of ours that they know nothing of: nothing that time heals.
        service = push.subscription.service
        logger.warning("%s refuses a push: %s", service, answer.error)
    return answer.is_accepted


def _due() -> list[int]:
    waiting = Push.objects.waiting().order_by("due_at", "pk")
    return waiting.values_list("pk", flat=True)[:MOST_LOOKED_AT]


def _job_of(pk: int) -> Job | None:
    """What to send; None where nothing is any more, or not now."""
    rows = Push.objects.select_related("notification__user", "subscription")
    push = rows.filter(pk=pk).first()
    if push is None:
        return None  # They signed out at this moment.
    notification, moment = push.notification, now()
    wishes = preferences.wishes_of(notification.user, notification.kind)
    if Channel.PUSH not in wishes.channels or not _is_news(push, moment):
        push.delete()
        return None
    if quiet := wishes.quiet_until(moment):
        _put_off(push, quiet)
        return None
    return Job(push, wording.message_of(notification, wishes.habits, moment))


def _is_news(push: Push, moment: datetime) -> bool:
    notification = push.notification
    browser = PushSubscription.objects.filter(pk=push.subscription_id)
    return (
        notification.read_at is None
        and notification.created_at > moment - STALE
        and notification.user.is_active
        and browser.reachable(vapid.public_key()).exists()
    )


def _put_off(push: Push, due_at: datetime) -> None:
    """Nobody was asked: it counts as no attempt."""
    Push.objects.filter(pk=push.pk).update(due_at=due_at, attempts=F("attempts") - 1)


def _postpone(push: Push, answer: Answer) -> None:
    """What else waits for that browser would fare no better before then."""
    gap = push.postpone(answer.error, at_least=_wished(answer))
    others = Push.objects.filter(subscription=push.subscription_id, sent_at=None)
    others.filter(due_at__lt=Now() + gap).update(due_at=Now() + gap)


def _wished(answer: Answer) -> timedelta:
    """How long a push service asks to wait: in seconds, or until a date."""
    named = (value for name, value in answer.headers.items() if name.lower() == "retry-after")
    text = next(named, "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        wait = timedelta(seconds=int(text))
    elif (moment := parse_http_date_safe(text)) is not None:
        wait = timedelta(seconds=moment - now().timestamp())
    else:
        return timedelta()
    return min(max(wait, timedelta()), LONGEST_WAIT)
