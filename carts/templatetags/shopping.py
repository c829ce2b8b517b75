"""What cart, checkout and order pages write in the same words."""

from __future__ import annotations

from datetime import date

from django import template
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from accounts.models import Shop
from carts.models import ShippingOption
from carts.services.pricing import PricedCart
from catalog.models import ProductImage, Variant

register = template.Library()


@register.filter
def shown_image(variant: Variant) -> ProductImage | None:
    """The picture of a variant: its own, else the product's first.

    Needs the variant's image, its product and the product's images loaded.
    """
    images = [variant.image, *variant.product.images.all()]
    return next((image for image in images if image and image.is_shown), None)


@register.filter
def note_to(cart: PricedCart, shop: Shop) -> str:
    """What the buyer wrote to this shop."""
    return cart.cart.notes.get(shop.slug, "")


@register.filter
def arrival(option: ShippingOption) -> str:
    """When what is ordered today arrives."""
    return days(*option.arrives(localdate()))


@register.simple_tag
def days(first: date | None, last: date | None) -> str:
    """Tue 2 – Thu 4 Dec."""
    if not first or not last:
        return ""
    if first == last:
        return date_format(last, "D j M")
    form = "D j" if (first.year, first.month) == (last.year, last.month) else "D j M"
    dates = {"first": date_format(first, form), "last": date_format(last, "D j M")}
    return _("%(first)s – %(last)s") % dates
