"""Fern's shop and Rita's, side by side: the ground on which one tries the other's ids."""

from __future__ import annotations

import hashlib

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.utils.timezone import now

from accounts.models import Shop
from accounts.services import api_keys, members
from accounts.tests.factories import make_bank_account, make_shop, make_user
from carts.tests.factories import make_promotion
from catalog.models import ImportJob, Product, ProductAttribute, ProductImage
from catalog.tests.factories import make_variant
from chat.models import Desk, QuickReply
from notifications.models import WebhookAttempt, WebhookEndpoint
from notifications.services.webhooks import endpoints
from orders.models import Dispute, Return, SellerOrder
from orders.models.history import record_start
from orders.services import fulfilment, invoices, payouts
from orders.tests.factories import make_completed, make_order
from orders.tests.reviewing import make_review

OURS = ("accounts", "catalog", "carts", "orders", "notifications", "core")
SECRETS = ("Rival", "Rita", "RIVAL-1", "rival")


def open_two_shops() -> tuple[Shop, Shop]:
    """Fern's and Rita's, each with one of everything, and with orders of both to send and sent."""
    buyer, rita = make_user("ana"), make_user("rita")
    shop = make_shop("Fern & Co", members=["fern"])
    rival = make_shop("Rival Goods", members=["rita"])
    own = furnish(shop, make_user("fern"), "Fern")
    foreign = furnish(rival, rita, "Rival")
    make_order(buyer, own, foreign, paid=True)
    make_order(buyer, own, foreign, paid=True)
    invoices.issue_due()
    sent = SellerOrder.objects.filter(shop=rival, state="paid").first()
    fulfilment.ship(seller_order=sent, carrier="Rival Post", tracking_number="RIVAL-1")
    LogEntry.objects.log_actions(
        rita.pk, Product.objects.filter(shop=rival), 2, "Rival secret", single_object=True
    )
    return shop, rival


def digest() -> str:
    """The whole market as one number; what the admin notes about its visitors left out."""
    rows = []
    for model in apps.get_models():
        if model._meta.app_label in OURS:
            columns = [field.attname for field in model._meta.concrete_fields]
            rows += [(model._meta.label, *row) for row in model.objects.values_list(*columns)]
    rows += list(LogEntry.objects.values_list("pk"))
    return hashlib.sha256(repr(sorted(map(repr, rows))).encode()).hexdigest()


def furnish(shop, owner, name):
    """A shop with one of everything that its owner sees in the admin."""
    variant = make_variant(shop, f"{name} lamp", sku=f"{name.upper()}-1", stock=20)
    ProductImage.objects.create(product=variant.product, alt=f"{name} picture", state="ready")
    ProductAttribute.objects.create(product=variant.product, name="Material", value=name)
    ImportJob.objects.create(shop=shop, file_name=f"{name}.csv", format="shopify")
    members.invite(shop=shop, email=f"{name.lower()}-friend@x.test", role="support", by=owner)
    api_keys.make(by=owner, shop=shop, name=f"{name} key", scopes=["orders:read"])
    make_promotion(shop, percent=10, name=f"{name} sale", code=f"{name.upper()}10")
    make_bank_account(shop, holder=f"{name} holder")
    QuickReply.objects.create(shop=shop, title=f"{name} thanks", body="Thank you.")
    Desk.objects.create(shop=shop, away_message=f"{name} is away.")
    part = make_completed(make_user("ana"), variant)
    record_start(Return.objects.create(state="requested", seller_order=part, reason=name))
    quarrel = {"origin": "buyer", "currency": "EUR", "amount_minor": 1, "reason": name}
    dispute = Dispute.objects.create(state="open", seller_order=part, **quarrel)
    record_start(dispute)
    dispute.move_to("withdrawn")
    Dispute.objects.update(closed_at=now())
    payouts.request(shop=shop, currency="EUR", actor=owner)
    make_review(make_user("ana"), variant, body=name)
    endpoint = WebhookEndpoint.objects.create(
        shop=shop, url=f"https://hooks.example/{name}", events=["*"]
    )
    delivery = endpoints.send_test(endpoint=endpoint)
    WebhookAttempt.objects.create(delivery=delivery, url=endpoint.url, error=name)
    return variant
