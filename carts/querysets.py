from __future__ import annotations

from django.db import models
from django.db.models import Prefetch
from django.utils.timezone import localdate

from accounts.models import Shop
from catalog.models import Product


class CartQuerySet(models.QuerySet):
    def open(self):
        return self.filter(ordered_at=None)

    def of(self, *, user=None, token_hash: str | None = None):
        """The open cart of a signed-in person, or of who holds the token. Nobody has none."""
        if user is not None and user.is_authenticated:
            return self.open().filter(buyer=user)
        if token_hash:
            return self.open().filter(buyer=None, token_hash=token_hash)
        return self.none()

    def visible_to(self, user):
        return self.filter(buyer=user) if user.is_authenticated else self.none()


class CartLineQuerySet(models.QuerySet):
    def to_buy(self):
        return self.filter(is_saved=False)

    def with_goods(self):
        """Load what pricing reads."""
        return self.select_related("variant__product__shop", "variant__stock")

    def with_pictures(self):
        """Load what pages show besides."""
        return self.select_related("variant__image").prefetch_related("variant__product__images")


class ShippingOptionQuerySet(models.QuerySet):
    def offered(self):
        return self.filter(is_active=True)

    def managed_by(self, user, duty: str = ""):
        return self.filter(shop__in=Shop.objects.managed_by(user, duty))


class TaxRateQuerySet(models.QuerySet):
    def in_force(self, country: str):
        return self.filter(country=country, valid_from__lte=localdate()).order_by("valid_from")


class WishListItemQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(user=user) if user.is_authenticated else self.none()

    def still_sold(self):
        return self.filter(product__in=Product.objects.published())

    def with_cards(self):
        """Load what `catalog/_product_card.html` reads of each product."""
        return self.prefetch_related(Prefetch("product", Product.objects.with_card_data()))
