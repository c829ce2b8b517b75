"""What comes of a try: accepted, tried again, given up; and what the endpoint makes of it.

Gaps grow from seconds to hours. A delivery is given up when three days have passed since its first
try, and an endpoint that accepted nothing for three days is switched off.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from accounts.models import ShopMember
from notifications.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from notifications.services import mailing
from notifications.services.webhooks.wire import LEFT_OUT, Answer
from notifications.webhook_querysets import DUTY

State = WebhookDelivery.State
Off = WebhookEndpoint.Off
PATIENCE = timedelta(days=3)
# Between the tries of one delivery; then twice as long each time.
FIRST_GAP = timedelta(seconds=10)
LONGEST_GAP = timedelta(hours=6)
# Between any two requests to an endpoint that fails: so many may wait that each of them, tried
# in its own time, would still be a storm.
FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=10)
# From so many failures in a row on, it was the endpoint and not what was said.
AN_OUTAGE = 3
MOST_DOUBLINGS = 20


@transaction.atomic
def record(delivery: WebhookDelivery, claim: uuid.UUID, answer: Answer) -> bool:
    """Write down one try and what follows. Returns whether it was accepted.

    Locks the endpoint. Writes to who answers for it when it is switched off.
    """
    endpoint = WebhookEndpoint.objects.select_for_update().filter(pk=delivery.endpoint_id).first()
    if endpoint is None:
        return False  # Deleted meanwhile, and its log with it.
    _log(delivery, answer)
    # Its own claim only: one that ended may be somebody else's by now.
    if answer.is_accepted:
        _accept(endpoint, delivery, answer)
    else:
        _refuse(endpoint, delivery, answer)
    let_go(endpoint.pk, claim)
    return answer.is_accepted


def let_go(endpoint_id: int, claim: uuid.UUID) -> None:
    """Whoever comes next may send to it."""
    held = WebhookEndpoint.objects.filter(pk=endpoint_id, claim=claim)
    held.update(claim=None, claimed_until=Now())


def switch_off(endpoint: WebhookEndpoint, reason: str) -> None:
    """Nothing more is sent to it; what waited is given up, and may be sent again by hand."""
    is_on = WebhookEndpoint.objects.switched_on().filter(pk=endpoint.pk)
    if not is_on.update(is_enabled=False, off_reason=reason, off_at=Now()):
        return
    endpoint.deliveries.waiting().update(
        state=State.FAILED, last_error="The endpoint was switched off."
    )


def _accept(endpoint: WebhookEndpoint, delivery: WebhookDelivery, answer: Answer) -> None:
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        state=State.DELIVERED,
        delivered_at=Coalesce(F("delivered_at"), Now()),
        last_status=answer.status,
        last_error="",
    )
    if endpoint.failures >= AN_OUTAGE:
        # It is back: what was tried in vain meanwhile need not wait for hours.
        endpoint.deliveries.waiting().update(due_at=Now())
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        failures=0, failing_since=None, rests_until=Now(), last_success_at=Now()
    )


def _refuse(endpoint: WebhookEndpoint, delivery: WebhookDelivery, answer: Answer) -> None:
    waiting = WebhookDelivery.objects.waiting().filter(pk=delivery.pk)
    waiting.update(
        due_at=Now() + _doubled(FIRST_GAP, delivery.attempts - 1, LONGEST_GAP),
        last_status=answer.status,
        last_error=answer.error[:300],
    )
    waiting.filter(first_tried_at__lt=Now() - PATIENCE).update(state=State.FAILED)
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    rows.update(
        failures=F("failures") + 1,
        failing_since=Coalesce(F("failing_since"), Now()),
        rests_until=Now() + _doubled(FIRST_REST, endpoint.failures, LONGEST_REST),
    )
    if rows.switched_on().filter(failing_since__lt=Now() - PATIENCE).exists():
        switch_off(endpoint, Off.FAILING)
        _tell_who_answers_for(endpoint, answer)


def _doubled(first: timedelta, times: int, longest: timedelta) -> timedelta:
    return min(first * 2 ** min(max(times, 0), MOST_DOUBLINGS), longest)


def _log(delivery: WebhookDelivery, answer: Answer) -> None:
    WebhookAttempt.objects.create(
        delivery=delivery,
        milliseconds=answer.milliseconds,
        url=delivery.endpoint.url,
        request_headers={
            "MarketFlow-Event": delivery.event,
            "MarketFlow-Event-Id": str(delivery.event_id),
            # Whoever holds a signature could send the same once more.
            "MarketFlow-Signature": LEFT_OUT,
        },
        status=answer.status,
        response_headers=answer.headers,
        response_body=answer.body,
        error=answer.error,
    )


def _tell_who_answers_for(endpoint: WebhookEndpoint, answer: Answer) -> None:
    off_at = WebhookEndpoint.objects.values_list("off_at", flat=True).get(pk=endpoint.pk)
    for address in _addresses(endpoint):
        mailing.write(
            recipient=address,
            kind="webhook_endpoint_off",
            about=f"{endpoint.uuid}:{off_at:%Y%m%d%H%M%S}",
            context={"endpoint": endpoint, "problem": answer.error, "url": _page_of(endpoint)},
        )


def _addresses(endpoint: WebhookEndpoint) -> list[str]:
    if endpoint.shop_id is None:
        return [settings.OPERATOR_EMAIL]
    seats = ShopMember.objects.with_duty(DUTY).filter(shop=endpoint.shop_id)
    return list(seats.filter(user__is_active=True).values_list("user__email", flat=True))


def _page_of(endpoint: WebhookEndpoint) -> str:
    site = "seller" if endpoint.shop_id else "admin"
    return f"{settings.SITE_URL}/{site}/notifications/webhookendpoint/{endpoint.pk}/change/"
