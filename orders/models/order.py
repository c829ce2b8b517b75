from __future__ import annotations

import hashlib
import hmac
import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.urls import reverse
from django.utils.crypto import constant_time_compare, get_random_string
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models.address import Address, PostalAddress
from marketflow.core.money import Money
from orders.models.history import HasHistory
from orders.querysets import OrderLineQuerySet, OrderQuerySet, SellerOrderQuerySet

LINK_SALT = b"orders.guest-link"


def new_number() -> str:
    # Nothing to count and nothing to misread: no 0 and O, no 1 and I.
    return "MF-" + get_random_string(8, "23456789ABCDEFGHJKLMNPQRSTUVWXYZ")


class Order(HasHistory, PostalAddress):
    """One checkout, one payment. The delivery address is a copy: address books may change."""

    SUBJECT = "order"

    class State(models.TextChoices):
        AWAITING_PAYMENT = "awaiting_payment", _("Waiting for payment")
        PAID = "paid", _("Paid")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")
        EXPIRED = "expired", _("Not paid in time")

    number = models.CharField(_("number"), max_length=20, unique=True, default=new_number)
    buyer = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, related_name="orders"
    )
    email = models.EmailField(_("e-mail address"))
    # Changed to revoke every link to the order that a guest was sent.
    access_key = models.UUIDField(default=uuid.uuid4, editable=False)
    cart = models.OneToOneField(
        "carts.Cart", models.SET_NULL, null=True, related_name="order", editable=False
    )
    note = models.TextField(_("note to the sellers"), blank=True)
    # The fields of PostalAddress; empty where it is the delivery address.
    billing_address = models.JSONField(_("billing address"), default=dict, blank=True)

    currency = models.CharField(max_length=3)
    goods_minor = models.PositiveBigIntegerField(_("goods"))
    discount_minor = models.PositiveBigIntegerField(_("discount"), default=0)
    shipping_minor = models.PositiveBigIntegerField(_("delivery"))
    total_minor = models.PositiveBigIntegerField(_("total"))
    tax_included_minor = models.PositiveBigIntegerField(_("VAT included"))

    placed_at = models.DateTimeField(_("placed"), default=now)
    # The database's clock plus ORDER_HOLD_MINUTES, set when the order is placed. A default of the
    # database's is what an INSERT gives back, whether it was used or not.
    expires_at = models.DateTimeField(_("held until"), db_default=Now())
    # Null until the whole sum is captured.
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-placed_at", "-pk"]
        indexes = [
            models.Index(fields=["buyer", "-placed_at"], name="orders_of_buyer"),
            models.Index(
                fields=["expires_at"],
                name="orders_to_expire",
                condition=Q(state="awaiting_payment"),
            ),
            # Whether a guest has ordered before.
            models.Index(Lower("email"), name="orders_of_address"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    total_minor=F("goods_minor") - F("discount_minor") + F("shipping_minor")
                ),
                name="order_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("orders:order", args=[self.number])

    @property
    def state_label(self) -> str:
        return str(self.State(self.state).label) if self.state else ""

    @property
    def billing(self) -> PostalAddress:
        """Whom the invoices are for."""
        return Address(**self.billing_address) if self.billing_address else self

    @property
    def goods(self) -> Money:
        return Money(self.goods_minor, self.currency)

    @property
    def discount(self) -> Money:
        return Money(self.discount_minor, self.currency)

    @property
    def shipping(self) -> Money:
        return Money(self.shipping_minor, self.currency)

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def tax_included(self) -> Money:
        return Money(self.tax_included_minor, self.currency)

    @property
    def is_payable(self) -> bool:
        """Whether its stock is held and a payment welcome. The database decides in the end."""
        return self.state == self.State.AWAITING_PAYMENT and self.expires_at > now()

    @property
    def is_cancellable(self) -> bool:
        """Whether nothing of it was sent. Reads its parts and their lines; `cancel` decides."""
        if self.state == self.State.AWAITING_PAYMENT:
            return True
        parts = [part for part in self.seller_orders.all() if part.state != "cancelled"]
        is_untouched = all(
            part.state == "paid" and not any(line.shipped for line in part.lines.all())
            for part in parts
        )
        return self.state == self.State.PAID and is_untouched

    def guest_token(self) -> str:
        """What opens this order without an account. Bound to it, and to its access key."""
        message = LINK_SALT + f":{self.number}:{self.access_key}".encode()
        return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).hexdigest()

    def opens_with(self, token: str) -> bool:
        return bool(token) and constant_time_compare(token, self.guest_token())


class SellerOrder(HasHistory):
    """One shop's part of an order. The unit that ships, refunds and pays out."""

    SUBJECT = "seller_order"

    class State(models.TextChoices):
        PENDING = "pending", _("Placed")
        PAID = "paid", _("Paid")
        SHIPPED = "shipped", _("Shipped")
        DELIVERED = "delivered", _("Delivered")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")
        EXPIRED = "expired", _("Not paid in time")

    number = models.CharField(_("number"), max_length=24, unique=True)
    order = models.ForeignKey(Order, models.CASCADE, related_name="seller_orders")
    shop = models.ForeignKey("accounts.Shop", models.PROTECT, related_name="seller_orders")
    # The shipping option as it was when chosen.
    shipping_name = models.CharField(_("delivery"), max_length=60, blank=True)
    shipping_minor = models.PositiveBigIntegerField(_("delivery cost"))
    shipping_tax_minor = models.PositiveBigIntegerField(_("VAT in delivery"), default=0)
    shipping_tax_basis_points = models.PositiveIntegerField(_("VAT rate of delivery"), default=0)
    deliver_from = models.DateField(_("arrives from"), null=True, blank=True)
    deliver_by = models.DateField(_("arrives by"), null=True, blank=True)
    total_minor = models.PositiveBigIntegerField(_("total"))
    tax_included_minor = models.PositiveBigIntegerField(_("VAT included"))
    # What a promotion took off the delivery, and how much of that the marketplace pays the shop.
    shipping_discount_minor = models.PositiveBigIntegerField(_("discount on delivery"), default=0)
    shipping_funded_minor = models.PositiveBigIntegerField(default=0)
    # Counted up by refunds: money of the delivery, and the marketplace's share taken back.
    shipping_refunded_minor = models.PositiveBigIntegerField(default=0)
    shipping_funded_back_minor = models.PositiveBigIntegerField(default=0)

    note = models.TextField(_("note to the shop"), blank=True)

    objects = SellerOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("shop's order")
        verbose_name_plural = _("shops' orders")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["shop", "state", "-id"], name="parts_of_shop"),
            models.Index(fields=["shop", "changed_at", "id"], name="parts_by_change"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["order", "shop"], name="one_part_per_shop"),
            models.CheckConstraint(
                condition=Q(
                    shipping_refunded_minor__lte=F("shipping_minor"),
                    shipping_funded_minor__lte=F("shipping_discount_minor"),
                    shipping_funded_back_minor__lte=F("shipping_funded_minor"),
                ),
                name="delivery_refunded_within_its_price",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def state_label(self) -> str:
        return str(self.State(self.state).label) if self.state else ""

    @property
    def buyers_note(self) -> str:
        """What the buyer wrote to all shops, and to this one."""
        return "\n\n".join(note for note in (self.order.note, self.note) if note)

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.order.currency)

    @property
    def shipping(self) -> Money:
        return Money(self.shipping_minor, self.order.currency)

    @property
    def tax_included(self) -> Money:
        return Money(self.tax_included_minor, self.order.currency)

    @property
    def refunded_minor(self) -> int:
        """Goods and delivery of it for which refunds were decided. Reads its lines."""
        goods = sum(line.refunded_minor for line in self.lines.all())
        return goods + self.shipping_refunded_minor

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_minor, self.order.currency)

    @property
    def refundable(self) -> Money:
        """What is left of it that could still be given back. Reads its lines."""
        return self.total - self.refunded

    @property
    def shipping_left(self) -> Money:
        return Money(self.shipping_minor - self.shipping_refunded_minor, self.order.currency)


class OrderLine(models.Model):
    """A variant as it was when bought: later edits to the catalogue don't show here.

    A unit of a line that holds stock is allocated, released or sold (a `sale` movement), never
    two of these and never none.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    seller_order = models.ForeignKey(SellerOrder, models.CASCADE, related_name="lines")
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="+")
    # None where stock is not tracked.
    stock_item = models.ForeignKey(
        "catalog.StockItem", models.PROTECT, null=True, related_name="+"
    )
    title = models.CharField(_("product"), max_length=200)
    options = models.CharField(_("options"), max_length=400, blank=True)
    sku = models.CharField(_("SKU"), max_length=64, blank=True)
    unit_price_minor = models.PositiveBigIntegerField(_("unit price"))
    quantity = models.PositiveIntegerField(_("quantity"))
    discount_minor = models.PositiveBigIntegerField(_("discount"), default=0)
    # The part of the discount that the marketplace pays the shop.
    discount_funded_minor = models.PositiveBigIntegerField(default=0)
    # Tax on top of the price: 0, since prices include it.
    tax_minor = models.PositiveBigIntegerField(default=0)
    tax_class = models.CharField(_("tax class"), max_length=10)
    tax_basis_points = models.PositiveIntegerField(_("VAT rate"))
    tax_included_minor = models.PositiveBigIntegerField(_("VAT included"))
    needs_shipping = models.BooleanField(default=True)
    allocated = models.PositiveIntegerField(default=0)
    released = models.PositiveIntegerField(default=0)
    shipped = models.PositiveIntegerField(_("shipped"), default=0)
    # Units that came back, and what was refunded: units, money, the marketplace's share.
    returned = models.PositiveIntegerField(_("returned"), default=0)
    refunded_units = models.PositiveIntegerField(_("units refunded"), default=0)
    refunded_minor = models.PositiveBigIntegerField(_("refunded"), default=0)
    funded_back_minor = models.PositiveBigIntegerField(default=0)

    objects = OrderLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    quantity__gte=1,
                    shipped__lte=F("quantity") - F("released"),
                    allocated__lte=F("quantity"),
                    released__lte=F("quantity"),
                ),
                name="line_holds_its_own",
            ),
            models.CheckConstraint(
                condition=Q(discount_minor__lte=F("unit_price_minor") * F("quantity")),
                name="discount_within_price",
            ),
            models.CheckConstraint(
                condition=Q(
                    returned__lte=F("shipped"),
                    refunded_units__lte=F("quantity"),
                    refunded_minor__lte=F("unit_price_minor") * F("quantity")
                    - F("discount_minor"),
                    discount_funded_minor__lte=F("discount_minor"),
                    funded_back_minor__lte=F("discount_funded_minor"),
                ),
                name="refunded_within_the_line",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"

    @property
    def unit_price(self) -> Money:
        return Money(self.unit_price_minor, self.seller_order.order.currency)

    @property
    def discount(self) -> Money:
        return Money(self.discount_minor, self.seller_order.order.currency)

    @property
    def full_price(self) -> Money:
        return self.unit_price * self.quantity

    @property
    def total_minor(self) -> int:
        return self.unit_price_minor * self.quantity - self.discount_minor

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.seller_order.order.currency)

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_minor, self.seller_order.order.currency)

    @property
    def refundable(self) -> Money:
        return self.total - self.refunded

    @property
    def unrefunded(self) -> int:
        """Units that were not refunded as such."""
        return self.quantity - self.refunded_units

    @property
    def unshipped(self) -> int:
        """Units still to be sent."""
        return self.quantity - self.released - self.shipped
