"""Shops that people follow: each once, the latest first. A mute keeps the shop and stops the news.

A visitor who presses Follow before signing in follows afterwards: until then the shop waits in the
session.
"""

from __future__ import annotations

from collections.abc import MutableMapping

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Shop, ShopFollow, User
from marketflow.core.errors import Refusal

MOST_WAITING = 20
WAITING = "follows"


class ShopNotOpen(Refusal):
    code = "shop_not_open"
    message = _("This shop is not trading now, so it can't be followed.")


@transaction.atomic
def follow(*, user: User, shop: Shop) -> bool:
    """Follow `shop`. Whether that is new; followed before, nothing changes, mute included.

    Raises `ShopNotOpen` for a shop that is not open and not followed yet.
    """
    mine = ShopFollow.objects.visible_to(user).filter(shop=shop)
    if shop.state != Shop.State.OPEN and not mine.exists():
        raise ShopNotOpen
    _follow, is_new = ShopFollow.objects.get_or_create(user=user, shop=shop)
    return is_new


def unfollow(*, user: User, shop: Shop) -> bool:
    """Follow `shop` no longer. Whether it was followed."""
    deleted, _by_model = ShopFollow.objects.visible_to(user).filter(shop=shop).delete()
    return deleted > 0


def mute(*, user: User, shop: Shop, is_muted: bool) -> bool:
    """Tell `user` no news of `shop`, or tell them again. Whether that changed anything."""
    mine = ShopFollow.objects.visible_to(user).filter(shop=shop)
    return mine.filter(is_muted=not is_muted).update(is_muted=is_muted) > 0


def wait_for_sign_in(session: MutableMapping, shop: Shop) -> None:
    """Remember what a visitor would follow; the first to come is the first to be forgotten."""
    waiting = [pk for pk in session.get(WAITING, []) if pk != shop.pk]
    session[WAITING] = [*waiting, shop.pk][-MOST_WAITING:]


def follow_waiting(session: MutableMapping, user: User) -> list[Shop]:
    """Let who signed in follow what waited, as far as it is still open. Returns those shops."""
    waiting = session.pop(WAITING, [])
    if not waiting:
        return []
    found = Shop.objects.visible_to(user).open().in_bulk(waiting)
    shops = [found[pk] for pk in waiting if pk in found]
    for shop in shops:
        follow(user=user, shop=shop)
    return shops
