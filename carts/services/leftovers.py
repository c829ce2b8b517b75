"""What an order leaves in the cart: it goes on in the next one."""

from __future__ import annotations

from carts.models import Cart, CartLine
from carts.services.pricing import PricedCart


def carry_on(*, cart: Cart, priced: PricedCart) -> Cart | None:
    """Open the next cart of who ordered `cart`, with what `priced` did not buy of it.

    The caller's transaction holds the lock on `cart` and has closed it: a buyer and a token have
    one open cart. Coupons that took something off stay with the order, notes with their shop.
    Returns the next cart, None where nothing is left; that costs no statement.
    """
    if not priced.left:
        return None
    used = {one.promotion.code for one in priced.applied}
    asked = {group.shop.slug for group in priced.groups}
    later = Cart.objects.create(
        buyer_id=cart.buyer_id,
        token_hash=cart.token_hash,
        country=cart.country,
        postcode=cart.postcode,
        shipping=cart.shipping,
        coupons=[code for code in cart.coupons if code not in used],
        notes={slug: note for slug, note in cart.notes.items() if slug not in asked},
    )
    lines = CartLine.objects.filter(cart=cart, pk__in=[line.pk for line in priced.left])
    lines.update(cart=later)
    return later
