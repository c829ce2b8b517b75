"""What pages say of themselves to machines, as JSON-LD: nothing that the page does not show."""

from __future__ import annotations

import json
from decimal import Decimal
from html import unescape

from django.conf import settings
from django.template.defaultfilters import floatformat
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from accounts.models import Shop
from carts.models import ShippingOption
from catalog.models import Category, Product, Variant
from marketflow.core.html import clean_html
from marketflow.core.money import Money
from marketflow.core.prices import from_minor

SCHEMA = "https://schema.org"
AVAILABILITY = {"in": "InStock", "low": "LimitedAvailability", "out": "OutOfStock"}
CONDITIONS = {
    "new": "NewCondition",
    "refurbished": "RefurbishedCondition",
    "used": "UsedCondition",
}
# Inside a script element these would end it, or mean something to an old parser.
ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


def script(*things: dict[str, object]) -> SafeString:
    """The things as blocks for the page's head."""
    blocks = (
        json.dumps({"@context": SCHEMA} | thing, ensure_ascii=False).translate(ESCAPES)
        for thing in things
    )
    return mark_safe(
        "".join(f'<script type="application/ld+json">{block}</script>' for block in blocks)
    )


def absolute(path: str) -> str:
    return path if path.startswith("http") else settings.SITE_URL + path


def home_page() -> SafeString:
    search = absolute(reverse("search")) + "?q={search_term_string}"
    name, url = settings.MARKETPLACE_NAME, absolute(reverse("home"))
    site = {
        "@type": "WebSite",
        "name": name,
        "url": url,
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": search},
            "query-input": "required name=search_term_string",
        },
    }
    return script(site, {"@type": "Organization", "name": name, "url": url})


def category_page(category: Category, trail: list[Category], listing) -> SafeString:
    page = {
        "@type": "CollectionPage",
        "name": category.name,
        "url": absolute(category.get_absolute_url()),
        "mainEntity": {
            "@type": "ItemList",
            "itemListElement": [
                {
                    "@type": "ListItem",
                    "position": position,
                    "url": absolute(product.get_absolute_url()),
                }
                for position, product in enumerate(listing.page or [], start=1)
            ],
        },
    }
    return script(breadcrumb([*trail, category]), page)


def shop_page(shop: Shop) -> SafeString:
    store = {
        "@type": "Store",
        "name": shop.name,
        "url": absolute(shop.get_absolute_url()),
        "address": {"@type": "PostalAddress", "addressCountry": str(shop.country)},
    }
    if shop.city:
        store["address"]["addressLocality"] = shop.city
    if shop.tagline:
        store["description"] = shop.tagline
    if shop.rating_count:
        store["aggregateRating"] = _rating(shop.rating_average, shop.rating_count)
    return script(store)


def product_page(
    product: Product,
    trail: list[Category],
    variant: Variant | None,
    delivery: ShippingOption | None,
    country: str,
) -> SafeString:
    """One Product, or a ProductGroup where there are variants; prices as the page shows them."""
    offers = product.offers
    about = {
        "name": product.title,
        "description": description(product),
        "image": [absolute(image.largest_url) for image in product.shown_images],
        "url": absolute(product.get_absolute_url()),
    }
    if product.brand:
        about["brand"] = {"@type": "Brand", "name": product.brand}
    if product.rating_count:
        about["aggregateRating"] = _rating(product.rating_average, product.rating_count)
    if len(offers) > 1:
        about |= {
            "@type": "ProductGroup",
            "productGroupID": str(product.pk),
            "variesBy": product.option_names,
            "hasVariant": [_item(product, one, delivery, country) for one in offers],
        }
    elif offers:
        about |= _item(product, offers[0], delivery, country) | {"name": product.title}
    else:
        about["@type"] = "Product"
    way = [*trail, product.category] if product.category else []
    return script(breadcrumb(way, product.title), about)


def breadcrumb(categories: list[Category], here: str = "") -> dict[str, object]:
    steps = [(one.name, absolute(one.get_absolute_url())) for one in categories]
    steps += [(here, "")] if here else []
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": name}
            | ({"item": url} if url else {})
            for position, (name, url) in enumerate(steps, start=1)
        ],
    }


def description(product: Product, length: int = 300) -> str:
    """Plain words about a product, for machines and previews."""
    # Cleaned first: without its tags, what stood in a script would read as words.
    text = product.seo_description or strip_tags(clean_html(product.description))
    return Truncator(" ".join(unescape(text).split())).chars(length)


def _rating(average: Decimal | float, count: int) -> dict[str, object]:
    """As the page shows it: one digit behind the point."""
    shown = floatformat(average, "1u")
    return {"@type": "AggregateRating", "ratingValue": shown, "reviewCount": count}


def _item(
    product: Product, variant: Variant, delivery: ShippingOption | None, country: str
) -> dict[str, object]:
    item = {"@type": "Product", "name": f"{product.title} {variant.label}".strip()}
    if variant.sku:
        item["sku"] = variant.sku
    if variant.barcode:
        item["gtin"] = variant.barcode
    return item | {"offers": _offer(product, variant, delivery, country)}


def _offer(
    product: Product, variant: Variant, delivery: ShippingOption | None, country: str
) -> dict[str, object]:
    offer = {
        "@type": "Offer",
        "price": str(from_minor(variant.price_minor, variant.currency)),
        "priceCurrency": variant.currency,
        "availability": f"{SCHEMA}/{AVAILABILITY[variant.level]}",
        "itemCondition": f"{SCHEMA}/{CONDITIONS[product.condition]}",
        "url": f"{absolute(product.get_absolute_url())}?v={variant.uuid}",
        "seller": {"@type": "Organization", "name": product.shop.name},
        "hasMerchantReturnPolicy": {
            "@type": "MerchantReturnPolicy",
            "applicableCountry": country,
            "returnPolicyCategory": f"{SCHEMA}/MerchantReturnFiniteReturnWindow",
            "merchantReturnDays": product.shop.returns_days,
        },
    }
    if delivery and variant.needs_shipping:
        offer["shippingDetails"] = _shipping(delivery, variant.price, country)
    return offer


def _shipping(delivery: ShippingOption, price: Money, country: str) -> dict[str, object]:
    rate = delivery.price_for(price.amount)
    return {
        "@type": "OfferShippingDetails",
        "shippingRate": {
            "@type": "MonetaryAmount",
            "value": str(from_minor(rate.amount, rate.currency)),
            "currency": rate.currency,
        },
        "shippingDestination": {"@type": "DefinedRegion", "addressCountry": country},
        "deliveryTime": {
            "@type": "ShippingDeliveryTime",
            "transitTime": {
                "@type": "QuantitativeValue",
                "minValue": delivery.min_days,
                "maxValue": delivery.max_days,
                "unitCode": "DAY",
            },
        },
    }
