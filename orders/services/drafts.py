"""What was typed in checkout so far. It lies on the cart, so that nothing is lost between pages.

Never card data: that goes with the order, straight to the provider.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from accounts.models import Address, User
from carts.models import Cart
from carts.services import baskets
from carts.services.pricing import PricedCart
from orders import gateways

STEPS = ("delivery", "payment", "review")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An order that is not placed yet."""

    email: str = ""
    # The fields of PostalAddress.
    address: Mapping[str, str] = field(default_factory=dict)
    # Which of the buyer's saved addresses it is; empty when it was typed.
    address_id: str = ""
    method: str = ""
    # The fields of PostalAddress; empty where it is the delivery address.
    billing: Mapping[str, str] = field(default_factory=dict)
    # The slug of the shop that is checked out alone; empty where all are.
    shop: str = ""

    @property
    def country(self) -> str:
        return self.address.get("country", "")

    @property
    def postal(self) -> Address:
        """The address as it is written on a parcel."""
        return Address(**self.address)

    @property
    def billing_postal(self) -> Address | None:
        return Address(**self.billing) if self.billing else None

    @property
    def has_delivery(self) -> bool:
        return bool(self.email and self.address.get("line1") and self.country)

    @property
    def digest(self) -> str:
        """Changes with anything of it: what was confirmed is what is ordered."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def next_step(self, priced: PricedCart) -> str:
        """The first step that is not finished."""
        if not self.has_delivery or priced.undeliverable:
            return "delivery"
        return "review" if self.method else "payment"


def read(cart: Cart, user: User) -> Draft:
    """What `cart` has so far. Who is signed in has an address by default, and a method with it."""
    typed = cart.checkout
    methods = [gateway.name for gateway in gateways.enabled()]
    method = typed.get("method", "")
    values = {
        "email": typed.get("email", ""),
        "address": typed.get("address", {}),
        "billing": typed.get("billing", {}),
        "method": method if method in methods else "",
        "shop": shop_of(cart),
    }
    if not user.is_authenticated:
        return Draft(**values)

    values["email"] = user.email
    saved = _saved_address(user, typed)
    if saved:
        values |= {"address": saved.snapshot(), "address_id": str(saved.uuid)}
        values["method"] = values["method"] or methods[0]
    return Draft(**values)


def shop_of(cart: Cart) -> str:
    """The slug of the shop that is checked out alone; empty where all are."""
    return cart.checkout.get(baskets.ONE_SHOP, "")


def keep(cart: Cart, **typed: object) -> None:
    """Note `typed` (fields of Draft) beside what is there."""
    cart.checkout = cart.checkout | typed
    Cart.objects.open().filter(pk=cart.pk).update(checkout=cart.checkout)


def _saved_address(user: User, typed: Mapping[str, object]) -> Address | None:
    """The address of the book that was chosen, or the default while none was typed."""
    book = Address.objects.visible_to(user)
    chosen = typed.get("address_id")
    if chosen and (address := book.filter(uuid=chosen).first()):
        return address
    return None if typed.get("address") else book.filter(is_default=True).first()
