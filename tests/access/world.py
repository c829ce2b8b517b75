"""One of everything that has an owner: Ana's as a buyer, Fern's as a shop."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model

from accounts.models import BrowserSession, User
from accounts.services import following, members, shops
from accounts.tests.factories import make_address, make_shop, make_user
from carts.tests.factories import fill_cart
from catalog.tests.factories import make_category
from chat.services import filing, manners, messaging
from chat.tests.factories import make_message
from marketflow.tests.test_seller_site import UNKNOWN, shop_path
from marketflow.tests.two_shops import furnish
from notifications.models import WebhookEndpoint
from notifications.tests.factories import make_notifications
from notifications.tests.waking import make_browser
from orders.models import Dispute, Return, Review
from orders.services import invoices
from orders.tests.factories import make_order
from tests.access.routes import Route

NOBODYS_UUID = UUID("00000000-0000-4000-8000-000000000000")
ADMIN_ROW = re.compile(r"(?:seller|admin)/(\w+)/(\w+)/<(?:object_id|pk|id)>/")


class World:
    """The people, and what the parameters of an address are called here."""

    def __init__(self) -> None:
        self.people: dict[str, User | None] = {
            "anonymous": None,
            **{name: make_user(name) for name in ("ana", "sam")},
            "vera": make_user("vera", is_staff=True),
            "root": make_user("root", is_staff=True, is_superuser=True),
        }
        self.shop = make_shop("Fern & Co", members=["fern"])
        self.rival = make_shop("Rival Goods", members=["rita"])
        self.people |= {name: make_user(name) for name in ("fern", "rita")}
        ana, fern = self.people["ana"], self.people["fern"]
        bowl = furnish(self.shop, fern, "Fern")
        furnish(self.rival, self.people["rita"], "Rival")
        self.order = make_order(ana, bowl, paid=True)
        invoices.issue_due()
        self.cart = fill_cart(ana, bowl)
        self.address = make_address(ana)
        following.follow(user=ana, shop=self.shop)
        self.applied = shops.apply(user=make_user("olga"), name="Olga", slug="olga", country="IE")
        question = make_message(ana, self.shop, part=self.order.seller_orders.get())
        self.conversation = question.conversation
        self.files = filing.take([SimpleUploadedFile("plan.pdf", b"%PDF-1.4 the plan")])
        messaging.post(conversation=self.conversation, author=ana, body="", files=self.files)
        self.own = self._own(bowl)

    def _own(self, bowl: Any) -> dict[str, dict[str, object]]:
        """By the beginning of an address, the longest first: its parameters."""
        ana = self.people["ana"]
        part = self.order.seller_orders.get()
        parcel = Return.objects.get(seller_order__shop=self.shop)
        shown = parcel.pictures.create(file=self.files[0].file, width=40, height=30)
        dispute = Dispute.objects.get(seller_order__shop=self.shop)
        line = self.cart.lines.get()
        review = Review.objects.get(product=bowl.product)
        endpoint = WebhookEndpoint.objects.get(shop=self.shop)
        [told] = make_notifications(ana)
        export = ana.data_exports.create()
        device = BrowserSession.objects.create(user=ana, session_key="a" * 32)
        guest = members.invite(
            shop=self.shop, email=ana.email, role="support", by=self.people["fern"]
        )
        report = manners.report(
            conversation=self.conversation, reporter=ana, reason="They ask for a transfer."
        )
        return {
            "account/notifications/browsers/": {"uuid": make_browser(ana).uuid},
            "account/addresses/": {"uuid": self.address.uuid},
            "account/following/": {"slug": self.shop.slug},
            "account/privacy/export/": {"uuid": export.uuid},
            "account/security/devices/": {"uuid": device.uuid},
            "account/security/keys/": {"uuid": self.shop.api_keys.get().uuid},
            "account/shops/invitations/": {"uuid": guest.uuid},
            "admin/<app_label>/": {"app_label": "catalog"},
            "admin/<url>": {"url": "nowhere/"},
            "admin/chat/report/": {"report": report.pk, "file": self.files[0].uuid},
            "api/v1/analytics/shops/": {"slug": self.shop.slug},
            "api/v1/cart/coupon/": {"code": "FERN10"},
            "api/v1/cart/items/": {"id": line.uuid},
            "api/v1/categories/": {"slug": make_category("Bowls").slug},
            "api/v1/conversations/": {"id": self.conversation.uuid},
            "api/v1/disputes/": {"id": dispute.uuid},
            "api/v1/orders/": {"number": self.order.number},
            "api/v1/payouts/": {"id": self.shop.payouts.get().uuid},
            "api/v1/products/": {"slug": bowl.product.slug},
            "api/v1/returns/": {"id": parcel.uuid, "picture": shown.uuid},
            "api/v1/reviews/": {"id": review.uuid},
            "api/v1/seller-orders/": {"number": part.number},
            "api/v1/shop-applications/": {"slug": self.applied.slug},
            "api/v1/shops/": {"slug": self.shop.slug},
            "api/<anything>": {"anything": "nowhere"},
            "api/v1/users/me/addresses/": {"id": self.address.uuid},
            "api/v1/users/me/export/": {"id": export.uuid},
            "api/v1/users/me/sessions/": {"id": device.uuid},
            "api/v1/variants/": {"id": bowl.uuid},
            "api/v1/webhook-deliveries/": {"id": endpoint.deliveries.get().uuid},
            "api/v1/webhook-endpoints/": {"id": endpoint.uuid},
            "api/v1/wishlist/": {"product": bowl.product.slug},
            "art/": {"seed": "bowl"},
            "c/": {"slug": make_category("Bowls").slug},
            "cart/lines/": {"line": line.uuid},
            "cart/tell-me/": {"uuid": bowl.uuid},
            "help/": {"topic": "buying"},
            "messages/files/": {"uuid": self.files[0].uuid},
            "messages/": {"uuid": self.conversation.uuid, "seq": 1, "part": part.number},
            "notifications/": {"uuid": told.uuid},
            "orders/<number>/lines/": {
                "number": review.line.seller_order.order.number,
                "line": review.line.uuid,
            },
            "orders/<number>/parts/": {"number": self.order.number, "part": part.number},
            "orders/<number>/payments/": {
                "number": self.order.number,
                "payment": self.order.payments.get().uuid,
            },
            "orders/<number>/returns/": {
                "number": parcel.seller_order.order.number,
                "parcel": parcel.uuid,
                "picture": shown.uuid,
            },
            "orders/": {"number": self.order.number},
            "p/": {"slug": bowl.product.slug},
            "reviews/": {"review": review.uuid},
            "seller/<app_label>/": {"app_label": "catalog"},
            "seller/<url>": {"url": "nowhere/"},
            "seller/orders/payout/connected/": {"slug": self.shop.slug},
            "shops/": {"slug": self.shop.slug},
            "sitemap-": {"section": "products"},
            "webhooks/payments/": {"provider": "test"},
        }

    def parameters(self, route: Route) -> dict[str, object] | None:
        """Of the thing that Ana or Fern & Co own. None: no address can be made."""
        if not route.parameters:
            return {}
        row = ADMIN_ROW.match(route.name)
        if row:
            found = self._row(apps.get_model(row[1], row[2]), route.name.startswith("seller/"))
            return None if found is None else dict.fromkeys(route.parameters, found.pk)
        for beginning in sorted(self.own, key=len, reverse=True):
            own = self.own[beginning]
            if route.name.startswith(beginning) and route.parameters <= own.keys():
                return own
        return None

    def _row(self, model: type[Model], of_a_shop: bool) -> Model | None:
        rows = model.objects.order_by("pk")
        if of_a_shop and model._meta.model_name != "category":
            rows = rows.filter(**{shop_path(model): self.shop.pk})
        return rows.first()


def unknown(route: Route, own: dict[str, object]) -> dict[str, object]:
    """The same address of something that never was."""
    return {name: _unknown(value) for name, value in own.items()}


def _unknown(value: object) -> object:
    if isinstance(value, UUID):
        return NOBODYS_UUID
    return UNKNOWN if isinstance(value, int) else f"X{str(value)[1:-1]}9"
