"""What people keep an eye on: each product once, the latest first.

A visitor who presses a heart before signing in finds it pressed afterwards: until then the
product waits in the session.
"""

from __future__ import annotations

from collections.abc import MutableMapping

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from carts.models import Cart, CartLine, WishListItem
from carts.services import baskets
from catalog.models import Product
from marketflow.core.errors import Refusal

MOST = 500
MOST_WAITING = 20
WAITING = "wishes"


class WishListFull(Refusal):
    code = "wish_list_full"
    message = "A wish list holds at most 500 products. Remove one to save another."


class NeedsChoice(Refusal):
    code = "needs_choice"
    message = "Choose what it should be like first."


def ids(user) -> frozenset[int]:
    """The products that somebody wishes, to be asked about by their primary key."""
    return frozenset(WishListItem.objects.visible_to(user).values_list("product_id", flat=True))


def within_reach(user) -> QuerySet[Product]:
    """What somebody may save: everything on sale. And take off: also what no longer is."""
    wished = Product.objects.filter(pk__in=WishListItem.objects.visible_to(user).values("product"))
    return Product.objects.visible_to(user).published() | wished


@transaction.atomic
def add(*, user: User, product: Product) -> bool:
    """Save `product`. Whether it is new on the list; saved before, nothing changes.

    Locks the person, so that the list stays within its bounds. Raises `WishListFull`.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    mine = WishListItem.objects.visible_to(user)
    if mine.filter(product=product).exists():
        return False
    if mine.count() >= MOST:
        raise WishListFull
    WishListItem.objects.create(user=user, product=product, seen_minor=product.price_minor)
    return True


def remove(*, user: User, product: Product) -> bool:
    """Take `product` off. Whether it was on the list."""
    deleted, _by_model = WishListItem.objects.visible_to(user).filter(product=product).delete()
    return deleted > 0


@transaction.atomic
def toggle(*, user: User, product: Product) -> bool:
    """Press the heart. Whether the product is on the list now. Raises `WishListFull`."""
    return not remove(user=user, product=product) and add(user=user, product=product)


@transaction.atomic
def move_to_cart(*, user: User, product: Product, cart: Cart) -> CartLine:
    """Put the only variant of `product` in the cart and take it off the list.

    Locks the cart. Raises `NeedsChoice` where there are several, and what `baskets.add` raises.
    """
    variants = list(product.variants.active()[:2])
    if len(variants) != 1:
        raise NeedsChoice
    line = baskets.add(cart, variants[0])
    remove(user=user, product=product)
    return line


def wait_for_sign_in(session: MutableMapping, product: Product) -> None:
    """Remember what a visitor wishes; the first to come is the first to be forgotten."""
    waiting = [pk for pk in session.get(WAITING, []) if pk != product.pk]
    session[WAITING] = [*waiting, product.pk][-MOST_WAITING:]


def save_waiting(session: MutableMapping, user: User) -> list[Product]:
    """Put what waited on the list of who signed in, and return it. Raises `WishListFull`."""
    waiting = session.pop(WAITING, [])
    if not waiting:
        return []
    found = Product.objects.visible_to(user).published().in_bulk(waiting)
    products = [found[pk] for pk in waiting if pk in found]
    for product in products:
        add(user=user, product=product)
    return products
