"""What is read by programs: robots.txt, the product feed, the sitemap."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.models import Shop
from carts.models import ShippingOption
from catalog.models import Category, Product, Variant
from marketflow.core.money import Money
from marketflow.core.prices import from_minor
from marketflow.help.topics import TOPICS
from marketflow.storefront.structured import absolute, description

HOUR = 3600
CHUNK = 500
PER_FILE = 10_000
FORBIDDEN = ("/cart/", "/checkout/", "/account/", "/orders/", "/messages/", "/notifications/")


@require_safe
@cache_control(public=True, max_age=HOUR)
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in FORBIDDEN)]
    lines += ["Disallow: /*ordering=", "", f"Sitemap: {settings.SITE_URL}/sitemap.xml", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


# --- sitemap


class ProductSitemap(Sitemap):
    limit = PER_FILE

    def items(self):
        return Product.objects.listed().only("slug", "updated_at").order_by("pk")

    def lastmod(self, product: Product):
        return product.updated_at


class ShopSitemap(Sitemap):
    limit = PER_FILE

    def items(self):
        return Shop.objects.open().only("slug").order_by("pk")


class CategorySitemap(Sitemap):
    limit = PER_FILE

    def items(self):
        listed = Product.objects.listed().filter(category__isnull=False)
        return Category.objects.filter(pk__in=listed.values("category")).order_by("path")


class HelpSitemap(Sitemap):
    def items(self):
        return list(TOPICS.values())


SITEMAPS = {
    "products": ProductSitemap,
    "shops": ShopSitemap,
    "categories": CategorySitemap,
    "help": HelpSitemap,
}


# --- the feed for Google's merchants


@require_safe
def google_feed(request: HttpRequest) -> StreamingHttpResponse:
    """Every variant that lists may show, written while it is read: memory stays as it is."""
    return StreamingHttpResponse(
        _feed(),
        content_type="application/xml; charset=utf-8",
        headers={"Cache-Control": "no-cache"},
    )


def _feed() -> Iterator[str]:
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>\n'
        f"<title>{escape(settings.MARKETPLACE_NAME)}</title>"
        f"<link>{escape(settings.SITE_URL + '/')}</link>"
        f"<description>{escape(settings.MARKETPLACE_NAME)}</description>\n"
    )
    offered = ShippingOption.objects.offered()
    products = Product.objects.listed().with_card_data().select_related("shop", "category")
    shipped = products.prefetch_related(
        Prefetch("shop__shipping_options", offered, to_attr="ways")
    )
    for product in shipped.order_by("pk").iterator(chunk_size=CHUNK):
        yield "".join(_entry(product, variant) for variant in product.offers)
    yield "</channel></rss>\n"


def _entry(product: Product, variant: Variant) -> str:
    url = f"{absolute(product.get_absolute_url())}?v={variant.uuid}"
    fields = [
        ("g:id", str(variant.uuid)),
        ("g:title", f"{product.title} {variant.label}".strip()),
        ("g:description", description(product, 4000) or product.title),
        ("g:link", url),
        ("g:image_link", _image(product)),
        ("g:availability", "out_of_stock" if variant.level == "out" else "in_stock"),
        ("g:price", _amount(variant.compare_at_price or variant.price)),
        ("g:sale_price", _amount(variant.price) if variant.compare_at_price else ""),
        ("g:condition", product.condition),
        ("g:brand", product.brand or product.shop.name),
        ("g:gtin", variant.barcode),
        ("g:mpn", "" if variant.barcode else variant.sku),
        ("g:item_group_id", str(product.pk) if len(product.offers) > 1 else ""),
        ("g:product_type", product.category.full_name if product.category else ""),
        ("g:external_seller_id", product.shop.slug),
    ]
    written = "".join(f"<{name}>{_text(value)}</{name}>" for name, value in fields if value)
    return f"<item>{written}{_ways(product, variant)}</item>\n"


def _ways(product: Product, variant: Variant) -> str:
    country = settings.MARKETPLACE_COUNTRY
    ways = [way for way in product.shop.ways if way.reaches(country)]
    prices = sorted((way.price_for(variant.price_minor) for way in ways), key=lambda m: m.amount)
    if not prices:
        return ""
    price = _amount(prices[0])
    return f"<g:shipping><g:country>{country}</g:country><g:price>{price}</g:price></g:shipping>"


def _image(product: Product) -> str:
    if product.shown_images:
        return absolute(product.shown_images[0].fallback_url)
    return absolute(reverse("art", args=[product.slug]))


def _amount(money: Money) -> str:
    return f"{from_minor(money.amount, money.currency)} {money.currency}"


def _text(value: str) -> str:
    """Characters that XML 1.0 knows, escaped."""
    return escape("".join(c for c in value if c >= " " or c in "\t\n"))
