"""Writing down what endpoints are to be told: in the transaction in which an event is heard."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, prefetch_related_objects
from rest_framework.renderers import JSONRenderer

from accounts.models import Shop
from marketflow.core import events
from marketflow.core.models import OutboxEvent
from notifications.models import WebhookDelivery, WebhookEndpoint

# Of several things changed at once so many go into one body, which stays small.
CHUNK = 100
MARKETPLACE = None


def tell(
    event: str,
    *,
    subject: str = "",
    shops: Iterable[int] = (),
    marketplace: bool = True,
    say: Callable[[int | None], dict[str, Any] | None],
    part: str = "",
) -> int:
    """Write `event` down for every endpoint of `shops`, and of the marketplace, that listens.

    `say(shop_id)` makes what a shop is told, and `say(None)` what the marketplace is: called for
    those alone of whom somebody listens; None is nothing to say. `part` tells apart several
    bodies of one event. Only for receivers; heard twice, it is written once. Returns how many
    were new.
    """
    listening = _listening(event, set(shops), marketplace)
    if not listening:
        return 0
    row = events.being_told()
    rows = []
    bodies: dict[int | None, tuple[uuid.UUID, str] | None] = {}
    for endpoint in listening:
        if endpoint.shop_id not in bodies:
            bodies[endpoint.shop_id] = _body(event, row, endpoint, say, part)
        if made := bodies[endpoint.shop_id]:
            rows.append(_delivery(endpoint, event, subject, row.pk, made))
    WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        send_soon()
    return len(rows)


def send_soon() -> None:
    """Have it sent after the commit, by a worker; without one, by the next sweep."""
    transaction.on_commit(_nudge, robust=True)


def _nudge() -> None:
    # In the process itself it would hold up whoever caused the event.
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return
    from notifications.tasks import send_webhooks

    # One try: a broker that is away must not hold up the request. The sweep finds it.
    send_webhooks.apply_async(retry=False, expires=60)


def _listening(event: str, shops: set[int], marketplace: bool) -> list[WebhookEndpoint]:
    whose = Q(shop__in=shops)
    if marketplace:
        whose |= Q(shop=MARKETPLACE)
    found = WebhookEndpoint.objects.switched_on().filter(whose).order_by("pk")
    listening = [endpoint for endpoint in found if endpoint.listens_to(event)]
    # Mostly nobody listens, and then no shop is read.
    prefetch_related_objects(listening, "shop")
    return listening


def _body(
    event: str,
    row: OutboxEvent,
    endpoint: WebhookEndpoint,
    say: Callable[[int | None], dict[str, Any] | None],
    part: str,
) -> tuple[uuid.UUID, str] | None:
    said = say(endpoint.shop_id)
    if said is None:
        return None
    event_id = _id_of(event, row, endpoint.shop_id, part)
    return event_id, frozen(event, event_id, row.created_at, endpoint.shop, said)


def frozen(
    event: str, event_id: uuid.UUID, happened_at: Any, shop: Shop | None, data: dict[str, Any]
) -> str:
    """The body, as it goes over the wire at every try."""
    content = {
        "id": str(event_id),
        "type": event,
        "created_at": happened_at,
        "shop": shop.slug if shop else None,
        "data": data,
    }
    return JSONRenderer().render(content).decode()


def _id_of(event: str, row: OutboxEvent, shop_id: int | None, part: str) -> uuid.UUID:
    """Of what is told, not of the telling: heard again, it is the same."""
    words = [settings.SITE_URL, row.pk, f"{row.created_at.timestamp():.6f}", event, shop_id or 0]
    return uuid.uuid5(uuid.NAMESPACE_URL, " ".join(map(str, [*words, part])))


def _delivery(
    endpoint: WebhookEndpoint,
    event: str,
    subject: str,
    position: int,
    made: tuple[uuid.UUID, str],
) -> WebhookDelivery:
    event_id, body = made
    return WebhookDelivery(
        endpoint=endpoint,
        event_id=event_id,
        event=event,
        subject=subject,
        position=position,
        body=body,
    )
