"""What people do with endpoints: making, changing, trying, and sending again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import Shop, User
from marketflow.core import outside, sealing
from marketflow.core.errors import Refusal
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.models.webhook import PURPOSE
from notifications.services.webhooks import outcomes, queueing, signing, wire
from notifications.webhook_events import TEST_EVENT

MOST_ENDPOINTS = 10
# While a receiver is given the new secret, the former one signs as well.
BOTH_SIGN = timedelta(hours=24)
State = WebhookDelivery.State


class BadAddress(Refusal):
    code = "webhook_address"
    message = _("Webhooks go to public addresses that begin with https://.")


class TooManyEndpoints(Refusal):
    code = "too_many_endpoints"
    message = _("There are as many endpoints as there can be. Remove one first.")


class EndpointOff(Refusal):
    code = "endpoint_off"
    message = _("The endpoint is switched off. Switch it on first.")


@transaction.atomic
def create(
    *,
    shop: Shop | None,
    url: str,
    events: Sequence[str],
    description: str = "",
    by: User | None = None,
    id: uuid.UUID | None = None,
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint of `shop`, or of the marketplace, and its secret, which is shown once.

    `require_public(url)` comes first. With `id`, made once: again it is the same, secret and all.
    Locks the shop. Raises `TooManyEndpoints`.
    """
    if shop is not None:
        Shop.objects.select_for_update().get(pk=shop.pk)
    id = id or uuid.uuid4()
    if made := WebhookEndpoint.objects.filter(uuid=id).first():
        return made, made.secrets(now())[0]
    if WebhookEndpoint.objects.filter(shop=shop).count() >= MOST_ENDPOINTS:
        raise TooManyEndpoints(most=MOST_ENDPOINTS)
    secret = signing.new_secret()
    endpoint = WebhookEndpoint.objects.create(
        uuid=id,
        shop=shop,
        url=url,
        events=list(events),
        description=description,
        secret=sealing.seal(secret, purpose=PURPOSE),
        created_by=by,
    )
    return endpoint, secret


@transaction.atomic
def change(
    *, endpoint: WebhookEndpoint, is_enabled: bool | None = None, **values: Any
) -> WebhookEndpoint:
    """Change `url`, `events` and `description`, whichever is named, or switch it off or on.

    For a new `url`, `require_public` comes first. Locks the endpoint.
    """
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    for name, value in values.items():
        setattr(endpoint, name, value)
    endpoint.save(update_fields=list(values))
    if is_enabled is not None:
        _switch(endpoint, is_enabled)
    return WebhookEndpoint.objects.select_related("shop").get(pk=endpoint.pk)


@transaction.atomic
def renew_secret(*, endpoint: WebhookEndpoint) -> str:
    """A new secret, shown once. The former one signs beside it for a day."""
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    secret = signing.new_secret()
    endpoint.former_secret, endpoint.former_until = endpoint.secret, now() + BOTH_SIGN
    endpoint.secret = sealing.seal(secret, purpose=PURPOSE)
    endpoint.save(update_fields=["secret", "former_secret", "former_until"])
    return secret


@transaction.atomic
def send_test(*, endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Something to try the receiver with. Raises `EndpointOff`."""
    endpoint = _on(endpoint)
    event_id = uuid.uuid4()
    said = {"message": "It works."}
    delivery = WebhookDelivery.objects.create(
        endpoint=endpoint,
        event_id=event_id,
        event=TEST_EVENT,
        body=queueing.frozen(TEST_EVENT, event_id, now(), endpoint.shop, said),
    )
    _hurry(endpoint)
    return delivery


@transaction.atomic
def send_again(*, delivery: WebhookDelivery) -> WebhookDelivery:
    """The same words under the same id, now; what waits of its order waits for it.

    Raises `EndpointOff`.
    """
    endpoint = _on(delivery.endpoint)
    _put_back(WebhookDelivery.objects.filter(pk=delivery.pk))
    _hurry(endpoint)
    return WebhookDelivery.objects.select_related("endpoint__shop").get(pk=delivery.pk)


@transaction.atomic
def send_span_again(
    *,
    endpoint: WebhookEndpoint,
    since: datetime,
    until: datetime | None = None,
    only_failed: bool = False,
) -> int:
    """Everything that was to be told from `since` to `until` (now), in order. Returns how many.

    Raises `EndpointOff`.
    """
    endpoint = _on(endpoint)
    rows = endpoint.deliveries.filter(created_at__gte=since, created_at__lte=until or now())
    count = _put_back(rows.filter(state=State.FAILED) if only_failed else rows)
    _hurry(endpoint)
    return count


def revive(*, endpoint: WebhookEndpoint) -> bool:
    """Try one that was switched off, and switch it on if it answers. Not in a transaction."""
    probe = WebhookDelivery(endpoint=endpoint, event_id=uuid.uuid4(), event=TEST_EVENT, body="{}")
    body = queueing.frozen(TEST_EVENT, probe.event_id, now(), endpoint.shop, {"message": "Back?"})
    from notifications.services.webhooks import sending

    headers = sending.headers(probe, body.encode(), endpoint.secrets(now()))
    if not wire.post(endpoint.url, body.encode(), headers).is_accepted:
        return False
    change(endpoint=endpoint, is_enabled=True)
    return True


def require_public(url: str) -> None:
    """Raise `BadAddress` for what nothing may be sent to.

    Asks the resolver, which takes its time: not within a transaction.
    """
    try:
        wire.check(url)
    except outside.Forbidden as problem:
        raise BadAddress from problem
    except outside.Away as problem:
        raise BadAddress(_("There is no such name on the internet.")) from problem


def _switch(endpoint: WebhookEndpoint, is_enabled: bool) -> None:
    if not is_enabled:
        outcomes.switch_off(endpoint, WebhookEndpoint.Off.BY_HAND)
        return
    off = WebhookEndpoint.objects.filter(pk=endpoint.pk, is_enabled=False)
    off.update(
        is_enabled=True, off_reason="", off_at=None, failures=0, failing_since=None,
        rests_until=Now(),
    )  # fmt: skip


def _on(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    if not endpoint.is_enabled:
        raise EndpointOff
    return endpoint


def _put_back(rows: Any) -> int:
    return rows.update(
        state=State.WAITING, attempts=0, first_tried_at=None, due_at=Now(), last_error=""
    )


def _hurry(endpoint: WebhookEndpoint) -> None:
    """Somebody waits for it: no pause after failures."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(rests_until=Now())
    queueing.send_soon()
