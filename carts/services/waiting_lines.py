"""Who waits for what is sold out: told in the order in which they asked, once for each request.

There may be fewer units than people. So only as many are told as there are units, and these have
a head start; if units are left when it is over, the next ones are told.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import User
from carts.models import BackInStockRequest
from catalog.models import StockItem, Variant
from marketflow.core.errors import Refusal

HEAD_START = timedelta(days=1)
MOST = 100


class TooManyWaits(Refusal):
    code = "too_many_waits"
    message = "You wait for a hundred things already."


class IsThere(Refusal):
    code = "is_in_stock"
    message = "It is in stock now."


@transaction.atomic
def ask(*, user: User, variant: Variant) -> bool:
    """Let `user` be told when `variant` is back. False where they wait for it already.

    Locks the person. Raises `IsThere` and `TooManyWaits`.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    require_sold_out(variant)
    mine = BackInStockRequest.objects.visible_to(user).waiting()
    if mine.filter(variant=variant).exists():
        return False
    if mine.count() >= MOST:
        raise TooManyWaits
    BackInStockRequest.objects.create(user=user, variant=variant)
    return True


def leave(*, user: User, variant: Variant) -> bool:
    """`user` need not be told of `variant` after all. False where they wait for it no more."""
    mine = BackInStockRequest.objects.visible_to(user).waiting()
    return bool(mine.filter(variant=variant).delete()[0])


def require_sold_out(variant: Variant) -> None:
    """Raise `IsThere` for what can be bought."""
    if not StockItem.objects.filter(variant=variant, on_hand=F("allocated")).exists():
        raise IsThere


@transaction.atomic
def next_in_line(stock_item_ids: Iterable[int] | None = None) -> list[BackInStockRequest]:
    """Those whose turn it is, of these stock items or of all: marked as told, with the person
    and the product loaded. Of guests the address is in what is returned, and kept no more.

    Locks the requests in primary-key order.
    """
    items = StockItem.objects.filter(on_hand__gt=F("allocated"))
    if stock_item_ids is not None:
        items = items.filter(pk__in=list(stock_item_ids))
    for_sale = Variant.objects.for_sale().filter(stock__in=items)
    waiting = BackInStockRequest.objects.waiting().filter(variant__in=for_sale)
    variants = waiting.order_by("variant").values_list("variant", flat=True).distinct()
    return [request for pk in list(variants) for request in _of(pk)]


def _of(variant_id: int) -> list[BackInStockRequest]:
    requests = BackInStockRequest.objects.filter(variant=variant_id)
    first = list(requests.waiting().order_by("pk").values_list("pk", flat=True)[:MOST])
    line = list(requests.waiting().filter(pk__in=first).select_for_update().order_by("pk"))
    # Read under the lock: another relay may just have told some.
    item = StockItem.objects.get(variant=variant_id)
    ahead = requests.filter(told_at__gt=Now() - HEAD_START).count()
    keys = [request.pk for request in line][: max(item.available - ahead, 0)]
    chosen = list(requests.filter(pk__in=keys).select_related("user", "variant__product"))
    requests.filter(pk__in=keys).update(told_at=Now(), email="", mailbox="")
    return chosen
