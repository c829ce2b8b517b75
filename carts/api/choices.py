"""What is said shop by shop, of delivery and in notes: an unknown shop or option is an error.

An option that does not reach the address, or is no longer offered, is none: the quote, which it
stands in, tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rest_framework.exceptions import ValidationError

from accounts.models import Shop, User
from carts.models import Cart, ShippingOption


def require_shops(cart: Cart | None, said: Iterable[str], field: str) -> None:
    """Raises ValidationError that names `field` where nothing of a shop, by slug, is wanted."""
    slugs = set(said) - _wanted(cart)
    if slugs:
        raise ValidationError(
            {field: [f"Nothing of {slug} is to be bought." for slug in sorted(slugs)]}
        )


def require_options(cart: Cart | None, shipping: Mapping[str, str]) -> None:
    """The same of `{shop: option}`, and where a shop has no such option."""
    require_shops(cart, shipping, "shipping")
    rows = ShippingOption.objects.filter(uuid__in=shipping.values())
    known = {(slug, str(uuid)) for slug, uuid in rows.values_list("shop__slug", "uuid")}
    unknown = sorted(set(shipping.items()) - known)
    if unknown:
        texts = [f"{slug} has no delivery option {option}." for slug, option in unknown]
        raise ValidationError({"shipping": texts})


def wanted_options(cart: Cart | None, shipping: Mapping[str, str], user: User) -> dict[str, str]:
    """Of `{shop: option}`, said by `user`, what is for shops of which something is wanted.

    A shop that left the cart is left out: a program that remembers its choices need not know.
    Raises as `require_options` does for the others, and for what is no shop.
    """
    absent = set(shipping) - _wanted(cart)
    known = Shop.objects.visible_to(user).filter(slug__in=absent)
    absent = set(known.values_list("slug", flat=True))
    wanted = {slug: option for slug, option in shipping.items() if slug not in absent}
    require_options(cart, wanted)
    return wanted


def _wanted(cart: Cart | None) -> set[str]:
    """The slugs of the shops of which something is to be bought."""
    if cart is None:
        return set()
    return set(cart.lines.to_buy().values_list("variant__shop__slug", flat=True))
