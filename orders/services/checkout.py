"""Checkout: a cart becomes an order, or nothing changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import BigIntegerField, DateTimeField
from django.db.models.functions import Now
from django.utils.timezone import localdate, now

from accounts.models import User
from carts.models import Cart
from carts.services import baskets, leftovers, pricing
from carts.services.pricing import PricedCart, PricedGroup, PricedLine
from catalog.services import inventory
from catalog.services.inventory import OutOfStock
from marketflow.core.compiled import CompiledUpdate
from marketflow.core.errors import Refusal
from marketflow.core.events import publish
from marketflow.core.guards import crash_point
from marketflow.core.loading import remember
from marketflow.core.transactions import at_the_end, is_within_a_unit, whole_unit
from orders.events import OrderPlaced
from orders.models import Order, OrderLine, Redemption, SellerOrder
from orders.models.history import record_start
from orders.services import payments, promotions
from orders.services.pasts import BuyersPast
from orders.services.promotions import UsedUp

_closed = CompiledUpdate(
    lambda pk, moment: (Cart.objects.filter(pk=pk), {"ordered_at": moment, "checkout": {}}),
    pk=BigIntegerField(),
    moment=DateTimeField(),
)


class EmptyCart(Refusal):
    code = "empty_cart"
    message = "Your cart is empty."


class PriceChanged(Refusal):
    """What is to be paid is no longer what was confirmed. `cart` is priced as it is now."""

    code = "price_changed"
    message = "Something changed since you saw the total. Nothing has been charged."

    def __init__(self, priced: PricedCart) -> None:
        super().__init__()
        self.cart = priced


class CouponExhausted(PriceChanged):
    """A coupon of the cart is used up: by others, or by this buyer. `cart` is priced without."""

    code = "coupon_exhausted"
    message = "A code has been used up since you saw the total. Nothing has been charged."


class Undeliverable(Refusal):
    code = "undeliverable"
    message = "A shop does not deliver to this address."


class AlreadyOrdered(Refusal):
    """The cart was ordered before: in another tab, or by a request sent twice."""

    code = "already_ordered"
    message = "This cart has been ordered."


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Where an order goes, and how. `address` has the fields of PostalAddress."""

    email: str
    address: Mapping[str, str]
    # {shop slug: option uuid}; shops left out send by their cheapest.
    shipping: Mapping[str, str] | None = None
    # Read by every shop.
    note: str = ""
    # {shop slug: note}: read by that shop alone; without it those of the cart.
    notes: Mapping[str, str] | None = None
    # The fields of PostalAddress; None where it is the delivery address.
    billing_address: Mapping[str, str] | None = None
    # The slug of the only shop that is asked; without it all of them are.
    shop: str = ""


def place_order(
    *, cart: Cart | None, quote: str, delivery: Delivery, buyer: User | None = None
) -> Order:
    """Order what is in `cart`: one order, one part per shop, stock allocated until paid for.

    `quote` is what `pricing.price` gave for this cart, address, shipping and shop. What is saved
    for later, or of a shop that is not asked, goes on in the buyer's next cart. Locks the cart,
    then stock and promotions, each in primary-key order. Raises `EmptyCart`, `AlreadyOrdered`,
    `PriceChanged`, `CouponExhausted`, `Undeliverable` or `OutOfStock`; then nothing has changed.
    Publishes `OrderPlaced`. An order that costs nothing is paid at once. The order that is
    returned has its contents loaded, as `Order.objects.with_contents()` has.

    Within another unit stock and promotions are taken at its end. `UsedUp` undoes that unit;
    beginning it again gives the refusal that bears the cart.
    """
    if cart is None:
        raise EmptyCart
    try:
        return _place(cart, quote, delivery, buyer)
    except UsedUp:
        if is_within_a_unit():
            raise
        # Gone between our reading and our taking it. Asked again, the price goes without it.
        return _place(cart, quote, delivery, buyer)


@whole_unit
def require_unchanged(
    *, cart: Cart, quote: str, delivery: Delivery, buyer: User | None = None
) -> None:
    """Raise what `place_order` would where `cart` is not as `quote` confirmed it; place nothing.

    Locks the cart. Raises `EmptyCart`, `AlreadyOrdered`, `PriceChanged`, `CouponExhausted`,
    `Undeliverable` or `OutOfStock`.
    """
    _orderable(cart, quote, delivery, BuyersPast.of(buyer, guest_email=delivery.email))


@whole_unit
def _place(cart: Cart, quote: str, delivery: Delivery, buyer: User | None) -> Order:
    past = BuyersPast.of(buyer, guest_email=delivery.email)
    cart, priced = _orderable(cart, quote, delivery, past)
    order = _write(cart, priced, delivery, buyer)
    leftovers.carry_on(cart=cart, priced=priced)
    uses = promotions.write_down(order=order, priced=priced, past=past)
    remember(order, "redemptions", uses)
    crash_point("order_written")
    if order.total_minor:
        # As late as can be: these rows stay locked until the commit, and others wait for them.
        at_the_end(lambda: _take(priced, uses, past))
    else:
        _take(priced, uses, past)
    publish(
        OrderPlaced(
            order_id=order.pk,
            buyer_id=order.buyer_id,
            shop_ids=[group.shop.pk for group in priced.groups],
        )
    )
    if not order.total_minor:
        payments.settle_free(order=order)
        return Order.objects.with_contents().get(pk=order.pk)
    return order


def _take(priced: PricedCart, uses: list[Redemption], past: BuyersPast) -> None:
    """What others want too: the stock, then the promotions."""
    tracked = [line for line in priced.lines if line.variant.stock_item]
    inventory.reserve(
        {line.variant.stock_item.pk: line.quantity for line in tracked},
        variant_ids=[line.variant.pk for line in tracked],
    )
    promotions.redeem(uses=uses, past=past)
    crash_point("stock_allocated")


def _orderable(
    cart: Cart, quote: str, delivery: Delivery, past: BuyersPast
) -> tuple[Cart, PricedCart]:
    # The cart row is the lock: a double click waits here, then finds it ordered.
    cart = baskets.locked(cart)
    if cart.ordered_at:
        raise AlreadyOrdered(number=cart.order.number)

    priced = _price(cart, delivery, past)
    _require_orderable(priced, quote)
    return cart, priced


def _price(cart: Cart, delivery: Delivery, past: BuyersPast) -> PricedCart:
    return pricing.price(
        cart,
        country=delivery.address["country"],
        shipping=delivery.shipping,
        past=past,
        shop=delivery.shop,
        pictures=False,
    )


def _require_orderable(priced: PricedCart, quote: str) -> None:
    if priced.is_empty:
        raise EmptyCart
    if priced.issues:
        raise OutOfStock(items=[_shortage(line) for line in priced.issues])
    if priced.undeliverable:
        raise Undeliverable(shops=[group.shop.slug for group in priced.undeliverable])
    if quote != priced.quote:
        is_used_up = any(coupon.is_used_up for coupon in priced.coupons)
        raise CouponExhausted(priced) if is_used_up else PriceChanged(priced)


def _shortage(line: PricedLine) -> dict[str, object]:
    return {
        "variant": str(line.variant.uuid),
        "title": str(line.variant),
        "available": line.free or 0,
    }


def _write(cart: Cart, priced: PricedCart, delivery: Delivery, buyer: User | None) -> Order:
    order = Order(
        state=Order.State.AWAITING_PAYMENT,
        buyer=buyer,
        email=delivery.email,
        cart=cart,
        note=delivery.note,
        billing_address=dict(delivery.billing_address or {}),
        currency=priced.currency,
        goods_minor=priced.goods.amount,
        discount_minor=priced.discount.amount,
        shipping_minor=priced.shipping.amount,
        total_minor=priced.total.amount,
        tax_included_minor=priced.tax_included.amount,
        # The database's clock decides when the hold ends.
        expires_at=Now() + timedelta(minutes=settings.ORDER_HOLD_MINUTES),
        **delivery.address,
    )
    order.save(force_insert=True)
    notes = cart.notes if delivery.notes is None else delivery.notes
    parts = SellerOrder.objects.bulk_create(
        _part(order, number, group, notes.get(group.shop.slug, ""))
        for number, group in enumerate(priced.groups, start=1)
    )
    lines = OrderLine.objects.bulk_create(
        _line(part, line)
        for part, group in zip(parts, priced.groups, strict=True)
        for line in group.lines
    )
    record_start(order, *parts)
    _closed.send(pk=cart.pk, moment=now())
    _remember_contents(order, parts, lines)
    return order


def _remember_contents(order: Order, parts: list[SellerOrder], lines: list[OrderLine]) -> None:
    """Whoever shows the order need not read again what was just written."""
    # The latest first, as parts are read.
    remember(order, "seller_orders", parts[::-1])
    remember(order, "payments", [])
    for part in parts:
        remember(part, "lines", [line for line in lines if line.seller_order_id == part.pk])
        remember(part, "shipments", [])


def _part(order: Order, number: int, group: PricedGroup, note: str) -> SellerOrder:
    option = group.option
    first, last = option.arrives(localdate()) if option else (None, None)
    return SellerOrder(
        state=SellerOrder.State.PENDING,
        number=f"{order.number}-{number}",
        order=order,
        shop=group.shop,
        note=note,
        shipping_name=option.name if option else "",
        shipping_minor=group.shipping.amount,
        shipping_tax_minor=group.shipping_tax.amount,
        shipping_tax_basis_points=group.shipping_basis_points,
        shipping_discount_minor=group.shipping_discount_minor,
        shipping_funded_minor=group.shipping_funded_minor,
        deliver_from=first,
        deliver_by=last,
        total_minor=group.total.amount,
        tax_included_minor=group.tax_included.amount,
    )


def _line(part: SellerOrder, priced: PricedLine) -> OrderLine:
    variant = priced.variant
    item = variant.stock_item
    return OrderLine(
        seller_order=part,
        variant=variant,
        stock_item=item,
        title=variant.product.title,
        options=variant.label,
        sku=variant.sku,
        unit_price_minor=variant.price_minor,
        quantity=priced.quantity,
        discount_minor=priced.discount_minor,
        discount_funded_minor=priced.funded_minor,
        tax_class=variant.product.tax_class,
        tax_basis_points=priced.tax_basis_points,
        tax_included_minor=priced.tax_included.amount,
        needs_shipping=variant.needs_shipping,
        allocated=priced.quantity if item else 0,
    )
