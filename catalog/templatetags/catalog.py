"""Pictures of products, and other people's HTML, in templates."""

from __future__ import annotations

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from catalog.cards import card
from catalog.models import Product, ProductImage
from marketflow.core.html import clean_loose_html

register = template.Library()
# `{% card product level=2 wished=wished %}`: _product_card.html, rendered once for what it shows.
register.simple_tag(card)


@register.simple_tag
def picture(
    image: ProductImage | str | None,
    sizes: str = "100vw",
    *,
    product: Product | None = None,
    alt: str = "",
    side: int = 320,
    eager: bool = False,
) -> SafeString:
    """`{% picture image sizes="45vw" product=product %}`: every size the browser may choose from.

    Draws the product's placeholder where there is no picture to show. `eager` is for the one
    picture that the page is waited for.
    """
    # `product.shown_images.0` of a product without any is an empty text to a template.
    if not image or not image.is_shown:
        seed = product.slug if product else "product"
        return format_html("{}", _img(reverse("art", args=[seed]), alt, side, eager))
    sources = format_html_join(
        "",
        '<source type="{}" srcset="{}" sizes="{}">',
        ((kind, srcset, sizes) for kind, srcset in image.sources),
    )
    img = _img(image.fallback_url, alt, side, eager, _tint(image.tint))
    return format_html("<picture>{}{}</picture>", sources, img)


def _img(src: str, alt: str, side: int, eager: bool, tint: str = "") -> SafeString:
    loading = mark_safe('fetchpriority="high"' if eager else 'loading="lazy"')
    return format_html(
        '<img{} src="{}" alt="{}" width="{}" height="{}" decoding="async" {}>',
        format_html(' class="{}"', tint) if tint else "",
        src,
        alt,
        side,
        side,
        loading,
    )


def _tint(tint: str) -> str:
    """ "321" as classes: the colour that shows while the picture loads."""
    return "tint tint-r{} tint-g{} tint-b{}".format(*tint) if len(tint) == 3 else ""


@register.filter
def rich_text(text: str) -> SafeString:
    """A seller's text as HTML. It was cleaned on its way in; this is the last gate."""
    return mark_safe(clean_loose_html(text))
