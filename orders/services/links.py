"""The signed link that opens a guest's order."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from marketflow.core.events import publish
from orders.events import OrderLinkAsked
from orders.models import Order


def link_to(order: Order) -> str:
    """Where the order's page is: with the token that opens it for a guest."""
    address = settings.SITE_URL + reverse("orders:order", args=[order.number])
    return address if order.buyer_id else f"{address}?token={order.guest_token()}"


@transaction.atomic
def ask(*, number: str, email: str) -> None:
    """Send the link to who owns both. Whether they belong together is not said.

    Publishes `OrderLinkAsked`.
    """
    order = Order.objects.filter(number=number, email__iexact=email).first()
    if order is not None:
        publish(OrderLinkAsked(order_id=order.pk, asking=str(uuid.uuid4())))


@transaction.atomic
def renew(*, order: Order) -> None:
    """Make every link to the order invalid, and send its owner a new one.

    Publishes `OrderLinkAsked`.
    """
    order.access_key = uuid.uuid4()
    order.save(update_fields=["access_key"])
    publish(OrderLinkAsked(order_id=order.pk, asking=str(order.access_key)))
