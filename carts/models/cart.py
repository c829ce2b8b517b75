"""What a buyer means to buy, and what its delivery and tax depend on.

A cart is ordered once; the next purchase has the next cart.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from carts.querysets import CartLineQuerySet, CartQuerySet


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
    # Codes of coupons, the latest last. They are looked up anew each time the cart is priced.
    coupons = models.JSONField(default=list, blank=True)
    # {shop slug: what its seller shall read}
    notes = models.JSONField(default=dict, blank=True)
    # What was typed in checkout so far, so that nothing is lost between its pages.
    checkout = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)
    ordered_at = models.DateTimeField(null=True, blank=True)

    # Opened by this request, and empty: nobody else has its token yet.
    is_new = False

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
