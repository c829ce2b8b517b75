"""Sending what endpoints are to be told: in turn, one at a time to each, and in order.

An endpoint is claimed before anything is sent to it, so nobody else sends to it meanwhile; a
worker that dies leaves a claim that ends by itself, and what it was about to say is said again
under the same event id. Requests run in threads (`services.threads`) and touch no database.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils.timezone import now

from marketflow.core import sealing
from marketflow.core.models import OutboxEvent
from notifications import webhook_receivers
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.services import threads
from notifications.services.webhooks import outcomes, signing, wire
from notifications.services.webhooks.wire import Answer

# How long one run goes on; the next sweep continues.
RUN_SECONDS = 15
# Longer than a request may take: see wire.SECONDS.
CLAIM = timedelta(seconds=30)
# How long to wait for an earlier event that the relay has not told yet.
PATIENCE = timedelta(seconds=1)
MOST_LOOKED_AT = 20
USER_AGENT = "MarketFlow-Webhooks/1"


@dataclass(frozen=True)
class Job:
    """A delivery in the hands of this process, and the claim that says so."""

    delivery: WebhookDelivery
    claim: uuid.UUID


def send_due(*, seconds: float = RUN_SECONDS) -> int:
    """Send what is due, for at most `seconds`. Returns how many were accepted.

    Safe to run at once, in any number of processes.
    """
    return threads.work_off(take=take, do=say, record=_record, seconds=seconds, name="webhook")


def take() -> Job | None:
    """Claim the endpoint whose turn it is, with its next delivery; None for nothing due."""
    for endpoint_id in list(_turns()):
        claim = uuid.uuid4()
        if not _claim(endpoint_id, claim):
            continue
        if delivery := _next_of(endpoint_id):
            _note_the_try(delivery)
            return Job(delivery, claim)
        outcomes.let_go(endpoint_id, claim)
    return None


def say(job: Job) -> Answer:
    """Make the request. Runs in a thread: reads nothing from the database."""
    delivery, body = job.delivery, job.delivery.body.encode()
    try:
        keys = delivery.endpoint.secrets(now())
    except sealing.Unreadable:
        return Answer(error="The secret can't be read any more: make a new one.")
    answer = wire.post(delivery.endpoint.url, body, headers(delivery, body, keys))
    return _without(keys, answer)


def _record(job: Job, answer: Answer) -> bool:
    return outcomes.record(job.delivery, job.claim, answer)


def _without(keys: list[str], answer: Answer) -> Answer:
    """Some programs say in their errors what they expected."""
    text, said = answer.body, answer.headers
    for key in keys:
        text = text.replace(key, wire.LEFT_OUT)
        said = {name: value.replace(key, wire.LEFT_OUT) for name, value in said.items()}
    return replace(answer, body=text, headers=said)


def headers(delivery: WebhookDelivery, body: bytes, keys: list[str]) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "MarketFlow-Event": delivery.event,
        "MarketFlow-Event-Id": str(delivery.event_id),
        "MarketFlow-Signature": signing.header(body, keys, int(time.time())),
    }


def _turns() -> list[int]:
    return WebhookEndpoint.objects.to_serve().values_list("pk", flat=True)[:MOST_LOOKED_AT]


def _claim(endpoint_id: int, claim: uuid.UUID) -> bool:
    free = WebhookEndpoint.objects.free().filter(pk=endpoint_id)
    return bool(free.update(claim=claim, claimed_until=Now() + CLAIM, served_at=Now()))


def _next_of(endpoint_id: int) -> WebhookDelivery | None:
    ready = WebhookDelivery.objects.ready().filter(endpoint=endpoint_id)
    for delivery in ready.select_related("endpoint").order_by("position", "pk")[:MOST_LOOKED_AT]:
        if not _is_too_early(delivery):
            return delivery
        WebhookDelivery.objects.filter(pk=delivery.pk).update(due_at=Now() + PATIENCE)
    return None


def _is_too_early(delivery: WebhookDelivery) -> bool:
    """Whether something that happened before, about the same subject, is not written down yet.

    Relays run side by side, and a receiver that failed is told again later.
    """
    if not delivery.subject:
        return False
    untold = OutboxEvent.objects.filter(
        done_at=None, pk__lt=delivery.position, name__in=webhook_receivers.ordered_events()
    )
    heard = untold.filter(receipts__receiver__startswith=webhook_receivers.__name__)
    return any(
        webhook_receivers.about(row.name, row.payload) == delivery.subject
        for row in untold.exclude(pk__in=heard.values("pk"))
    )


def _note_the_try(delivery: WebhookDelivery) -> None:
    # Before the request: a try whose process dies counts as well.
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        attempts=F("attempts") + 1, first_tried_at=Coalesce(F("first_tried_at"), Now())
    )
    delivery.attempts += 1
