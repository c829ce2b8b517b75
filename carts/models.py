"""What a buyer means to buy, and what its delivery and tax depend on.

A cart is ordered once; the next purchase has the next cart.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from carts.querysets import (
    CartLineQuerySet,
    CartQuerySet,
    ShippingOptionQuerySet,
    TaxRateQuerySet,
    WishListItemQuerySet,
)
from catalog.models import TaxClass
from marketflow.core.money import Money


class Cart(models.Model):
    """Lines that nobody has paid for. It holds no stock."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    buyer = models.ForeignKey(
        "accounts.User", models.CASCADE, null=True, blank=True, related_name="carts"
    )
    # SHA-256 of a guest's token; the token itself is known to the guest alone.
    token_hash = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001
    country = CountryField(_("country"), blank=True)
    postcode = models.CharField(_("postcode"), max_length=16, blank=True)
    # {shop slug: uuid of the chosen ShippingOption}
    shipping = models.JSONField(default=dict, blank=True)
    # What was typed in checkout so far, so that nothing is lost between its pages.
    checkout = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)
    ordered_at = models.DateTimeField(null=True, blank=True)

    objects = CartQuerySet.as_manager()

    class Meta:
        verbose_name = _("cart")
        verbose_name_plural = _("carts")
        constraints = [
            models.UniqueConstraint(
                fields=["buyer"], condition=Q(ordered_at=None), name="one_open_cart_per_buyer"
            ),
            models.UniqueConstraint(
                fields=["token_hash"], condition=Q(ordered_at=None), name="one_open_cart_per_token"
            ),
            # Nobody is not everybody: a cart belongs to a person or to a token.
            models.CheckConstraint(
                condition=Q(buyer__isnull=False) | Q(token_hash__isnull=False),
                name="cart_belongs_to_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"Cart {self.pk}"


class CartLine(models.Model):
    MOST = 999

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines")
    variant = models.ForeignKey("catalog.Variant", models.CASCADE, related_name="+")
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    # The price when it was last shown: a later one is explained, never charged silently.
    seen_price_minor = models.PositiveBigIntegerField(null=True)
    is_saved = models.BooleanField(_("saved for later"), default=False)
    added_at = models.DateTimeField(default=now)

    objects = CartLineQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "variant"], name="one_line_per_variant"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=999), name="line_is_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.variant_id}"


class ShippingOption(models.Model):
    """One way a shop sends its parcels: a flat price, perhaps free above an amount, somewhere."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    shop = models.ForeignKey("accounts.Shop", models.CASCADE, related_name="shipping_options")
    name = models.CharField(_("name"), max_length=60)
    # Empty: everywhere.
    countries = CountryField(_("countries"), multiple=True, blank=True)
    price_minor = models.PositiveBigIntegerField(_("price"))
    free_above_minor = models.PositiveBigIntegerField(_("free from"), null=True, blank=True)
    currency = models.CharField(max_length=3, editable=False)
    min_days = models.PositiveSmallIntegerField(_("delivery from, days"), default=2)
    max_days = models.PositiveSmallIntegerField(_("delivery to, days"), default=5)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("offered"), default=True)

    objects = ShippingOptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("shipping option")
        verbose_name_plural = _("shipping options")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(max_days__gte=F("min_days")), name="delivery_days_in_order"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def reaches(self, country: str) -> bool:
        codes = [place.code for place in self.countries]
        return not codes or country in codes

    def price_for(self, goods_minor: int) -> Money:
        """What sending goods worth `goods_minor` costs."""
        is_free = self.free_above_minor is not None and goods_minor >= self.free_above_minor
        return Money(0 if is_free else self.price_minor, self.currency)


class TaxRate(models.Model):
    """VAT of a tax class in a country, from a day on: the part inside gross prices."""

    country = CountryField(_("country"))
    tax_class = models.CharField(_("tax class"), max_length=10, choices=TaxClass)
    # Hundredths of a percent: 1900 is 19 %.
    basis_points = models.PositiveIntegerField(_("rate in hundredths of a percent"))
    valid_from = models.DateField(_("valid from"))

    objects = TaxRateQuerySet.as_manager()

    class Meta:
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        ordering = ["country", "tax_class", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["country", "tax_class", "valid_from"], name="one_rate_a_day"
            ),
            models.CheckConstraint(condition=Q(basis_points__lte=10000), name="rate_is_a_part"),
        ]

    def __str__(self) -> str:
        return f"{self.country.code} {self.tax_class} {self.basis_points / 100:g} %"


class WishListItem(models.Model):
    """A product somebody keeps an eye on."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="wish_list")
    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="+")
    added_at = models.DateTimeField(default=now)

    objects = WishListItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("wish")
        verbose_name_plural = _("wish list")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "product"], name="wished_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} wishes {self.product_id}"
