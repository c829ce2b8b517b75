"""Cards of products, each rendered once for what it shows."""

from __future__ import annotations

from collections.abc import Collection, Hashable

from django.template.loader import render_to_string
from django.utils.translation import get_language

from catalog.models import Product
from marketflow.core.kept import Kept, content_of

TEMPLATE = "catalog/_product_card.html"
kept = Kept(4000)


def card(
    product: Product,
    *,
    level: int = 3,
    wished: Collection[int] = (),
    eager: bool = False,
    focus: bool = False,
) -> str:
    """The card of a product from `with_card_data` or `for_lists`."""
    about = {"level": level, "eager": eager, "focus": focus}
    is_wished = product.pk in wished
    content = (get_language(), is_wished, *about.values(), *_content(product))
    context = about | {"product": product, "wished": [product.pk] if is_wished else []}
    return kept.get(content, lambda: render_to_string(TEMPLATE, context))


def _content(product: Product) -> tuple[Hashable, ...]:
    """All that was loaded, so that no column which a card comes to show can be forgotten."""
    offers = tuple(
        content_of(variant) + (content_of(variant.stock_item) if variant.stock_item else ())
        for variant in product.offers
    )
    pictures = tuple(content_of(image) for image in product.shown_images)
    return (
        product.is_new,
        content_of(product),
        content_of(product.shop),
        offers,
        pictures,
    )
