"""The world of A12, and what more there has to be for every operation to be done."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from schemathesis import APIOperation, Case

from accounts.services import exports
from accounts.tests.factories import PASSWORD, make_address, make_bank_account, make_shop
from carts.services import pricing
from carts.tests.factories import fill_cart
from catalog.models import Variant
from catalog.services import editing
from catalog.tests.factories import make_variant
from catalog.tests.pictures import picture
from marketflow.core.money import Money
from orders.services import disputes, fulfilment, returns
from orders.tests.factories import make_completed, make_order
from tests.access.routes import Route
from tests.access.world import World

JSON = "application/json"
FORM = "multipart/form-data"


@dataclass(frozen=True)
class Wanted:
    """What a request needs beside the documented example, to be done."""

    path: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    # Of the example: what its other fields leave no room for.
    without: tuple[str, ...] = ()


class Stage(World):
    """Orders of Ana at Fern & Co at every step, and a product in two sizes."""

    def __init__(self) -> None:
        super().__init__()
        ana = self.people["ana"]
        bowl = Variant.objects.filter(product__shop=self.shop).first()
        self.unpaid = make_order(ana, bowl)
        self.sent, self.arrived, self.returned = (self._part(bowl) for _ in range(3))
        for part in (self.sent, self.arrived, self.returned):
            fulfilment.ship(seller_order=part)
        for part in (self.arrived, self.returned):
            fulfilment.deliver(seller_order=part)
        self.dispute = disputes.open_by_buyer(part=self.sent, reason="Late.", actor=ana)
        line = self.returned.lines.get()
        parcel = returns.request(
            part=self.returned, lines={line.pk: 1}, reason="Small.", actor=ana
        )
        self.parcel = returns.approve(parcel=parcel, actor=self.people["fern"])
        plate = editing.create_product(
            shop=self.shop,
            title="Oak plate",
            state="published",
            option_names=["Size"],
            variants=[
                {"sku": f"PLATE-{size}", "options": {"Size": size}, "price": Money(1999, "EUR")}
                for size in ("S", "M")
            ],
        )
        self.size = plate.variants.first()
        # Fern & Co are being paid already.
        self.second = make_shop("Fern Outlet", members=["fern"], payout_schedule="manual")
        make_bank_account(self.second)
        make_completed(ana, make_variant(self.second, "Old bowl"))
        exports.make(ana.data_exports.get())
        # The orders took the cart along.
        self.cart = fill_cart(ana, bowl)
        self.own["api/v1/cart/items/"] = {"id": self.cart.lines.get().uuid}

    def _part(self, bowl: Variant) -> Any:
        return make_order(self.people["ana"], bowl, paid=True).seller_orders.get()

    def place(self, operation: APIOperation) -> dict[str, str]:
        """The parameters of the address, of what Ana or Fern & Co own."""
        name = operation.path.lstrip("/").replace("{", "<").replace("}", ">")
        route = Route(name, None, ())
        values = self.parameters(route) or {"slug": self.shop.slug}
        return {name: str(values[name]) for name in route.parameters & set(values)}

    def wanted(self) -> dict[str, Wanted]:
        """By operation, without its `/api/v1/`."""
        ana = self.people["ana"]
        part = self.order.seller_orders.get()
        lines = [_units(part)]
        address = make_address()
        return {
            "POST auth/token/": Wanted(
                body={"email": ana.email, "password": PASSWORD}, without=("code",)
            ),
            "POST auth/password/change/": Wanted(body={"current_password": PASSWORD}),
            "POST auth/password/reset/confirm/": Wanted(body={"key": _reset_key(ana)}),
            "DELETE users/me/": Wanted(body={"password": PASSWORD}),
            "POST shops/": Wanted(body={"slug": "anas-bowls"}),
            "PATCH cart/": Wanted(
                body={"shipping": {self.shop.slug: str(self.shop.shipping_options.first().uuid)}}
            ),
            "POST checkout/": Wanted(
                body={
                    "quote": pricing.price(self.cart, country=address["country"]).quote,
                    "shipping_address": address,
                },
                without=("shipping", "address_id"),
            ),
            "POST orders/{number}/payments/": Wanted(path={"number": self.unpaid.number}),
            "POST orders/{number}/receipt/": Wanted(
                path={"number": self.arrived.order.number},
                body={"seller_order": self.arrived.number},
            ),
            "POST orders/{number}/returns/": Wanted(
                path={"number": self.arrived.order.number}, body={"lines": [_units(self.arrived)]}
            ),
            "POST orders/{number}/disputes/": Wanted(body={"seller_order": part.number}),
            "PUT conversations/{id}/assignment/": Wanted(
                body={"member": str(self.people["fern"].uuid)}
            ),
            "POST seller-orders/{number}/cancellation/": Wanted(body={"lines": lines}),
            "POST seller-orders/{number}/shipment/": Wanted(body={"lines": lines}),
            "POST seller-orders/{number}/refunds/": Wanted(
                body={"lines": lines}, without=("shipping",)
            ),
            "POST seller-orders/{number}/delivery/": Wanted(path={"number": self.sent.number}),
            "POST returns/{id}/pictures/": Wanted(body={"file": picture()}),
            "POST returns/{id}/receipt/": Wanted(
                path={"id": str(self.parcel.uuid)}, body={"lines": [_units(self.returned)]}
            ),
            "POST disputes/{id}/answer/": Wanted(path={"id": str(self.dispute.uuid)}),
            "POST disputes/{id}/withdrawal/": Wanted(path={"id": str(self.dispute.uuid)}),
            "POST payouts/": Wanted(body={"shop": self.second.slug}),
            "POST products/": Wanted(
                body={
                    "variants": [
                        {
                            "sku": "DISH-L",
                            "options": {"Size": "L"},
                            "price": {"amount": 1999, "currency": "EUR"},
                        }
                    ]
                }
            ),
            "POST products/{slug}/images/": Wanted(body={"file": picture(), "alt": "From above"}),
            "POST products/{slug}/variants/": Wanted(
                path={"slug": self.size.product.slug}, body={"sku": "PLATE-L"}
            ),
            "PATCH variants/{id}/": Wanted(
                path={"id": str(self.size.uuid)}, body={"sku": "PLATE-L"}
            ),
            "DELETE variants/{id}/": Wanted(path={"id": str(self.size.uuid)}),
        }

    def good(
        self,
        operation: APIOperation,
        values: dict[str, list[Any]],
        all_wanted: dict[str, Wanted] | None = None,
    ) -> Case:
        """A request that is done, if the right one of all people sends it.

        `all_wanted` is what `wanted` said before, where that still holds.
        """
        label = operation.label.replace("/api/v1/", "")
        wanted = (self.wanted() if all_wanted is None else all_wanted).get(label, Wanted())
        case = operation.Case(
            path_parameters=self.place(operation) | wanted.path,
            headers={"Idempotency-Key": "good"},
        )
        content = operation.definition.raw.get("requestBody", {}).get("content", {})
        if JSON in content:
            case.media_type, case.body = JSON, _filled(example(operation), values) | wanted.body
            for name in wanted.without:
                case.body.pop(name, None)
        elif content:
            case.media_type, case.body = FORM, wanted.body
        return case


def example(operation: APIOperation) -> dict[str, Any]:
    written = operation.definition.raw["requestBody"]["content"][JSON]["examples"]
    return deepcopy(written["Example"]["value"])


def _units(part: Any) -> dict[str, Any]:
    return {"id": str(part.lines.get().uuid), "quantity": 1}


def _reset_key(user: Any) -> str:
    return f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"


def _filled(value: Any, values: dict[str, list[Any]]) -> Any:
    """With the first of the values that mean something here."""
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: values[name][0] if values.get(name) else _filled(inner, values)
        for name, inner in value.items()
    }
