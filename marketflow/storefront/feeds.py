"""New products, for feed readers."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _

from catalog.models import Product
from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import money
from marketflow.storefront.structured import absolute, description

LATEST = 30
SECONDS = 600
WORDS = 400


class NewProducts(Feed):
    feed_type = Atom1Feed

    def __call__(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        response = super().__call__(request, *args, **kwargs)
        patch_cache_control(response, public=True, max_age=SECONDS)
        return response

    def title(self) -> str:
        return _("New at %(market)s") % {"market": settings.MARKETPLACE_NAME}

    def subtitle(self) -> str:
        return _("The latest things from every shop")

    def link(self) -> str:
        return absolute(reverse("home"))

    def feed_url(self) -> str:
        return absolute(reverse("new-products"))

    def feed_guid(self) -> str:
        return self.feed_url()

    def items(self) -> QuerySet[Product]:
        latest = Product.objects.listed().order_by("-published_at", "-pk")
        return latest.select_related("shop", "category")[:LATEST]

    def item_title(self, product: Product) -> str:
        return _printable(product.title)

    def item_description(self, product: Product) -> str:
        price = money(Money(product.price_minor, settings.MARKETPLACE_CURRENCY))
        words = _("From %(price)s, by %(shop)s.") % {"price": price, "shop": product.shop.name}
        return _printable(f"{words} {description(product, WORDS)}".strip())

    def item_link(self, product: Product) -> str:
        return absolute(product.get_absolute_url())

    def item_author_name(self, product: Product) -> str:
        return _printable(product.shop.name)

    def item_pubdate(self, product: Product) -> datetime | None:
        return product.published_at

    def item_updateddate(self, product: Product) -> datetime:
        return product.updated_at

    def item_categories(self, product: Product) -> list[str]:
        return [_printable(product.category.name)] if product.category else []


def _printable(text: str) -> str:
    """Without the characters that XML 1.0 does not know: one of them would lose the whole feed."""
    return "".join(c for c in text if c >= " " or c in "\t\n")
