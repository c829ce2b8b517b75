"""Uses of promotions: taken with the order, given back when it comes to nothing.

The counter on the promotion moves by conditional UPDATE alone. Its row is also the lock under
which a buyer's uses are counted, so the limit per buyer holds for any number of tabs at once; a
unique slot stands behind it.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from carts.models import Promotion
from carts.services.discounts import Applied
from carts.services.pricing import PricedCart
from marketflow.core import guards
from marketflow.core.errors import Refusal
from marketflow.core.transactions import whole_unit
from orders.models import Order, Redemption
from orders.services.pasts import BuyersPast


class UsedUp(Refusal):
    """Somebody was faster, or a limit was lowered: what the cart was priced with is gone."""

    code = "coupon_exhausted"
    message = "A discount has been used up since you saw the total. Nothing has been charged."


def write_down(*, order: Order, priced: PricedCart, past: BuyersPast) -> list[Redemption]:
    """Note which promotions `priced` was reckoned with, once each for the whole order.

    Returns them by the primary key of their promotion. Nothing is used by it yet: `redeem` does
    that in the same transaction, as late as can be.
    """
    applied = sorted(priced.applied, key=lambda one: one.promotion.pk)
    if not applied:
        return []
    return Redemption.objects.bulk_create(_use(one, order, past.key) for one in applied)


@whole_unit
def redeem(*, uses: Sequence[Redemption], past: BuyersPast) -> None:
    """Use the promotions of `uses`, as `write_down` gave them.

    Locks the promotions in primary-key order; the stock is locked before. Raises `UsedUp`.
    """
    for use in uses:
        _count(use.promotion)
    if not uses:
        return
    taken: dict[int, set[int]] = {use.promotion_id: set() for use in uses}
    earlier = Redemption.objects.in_use().filter(promotion__in=taken, buyer_key__in=past.keys)
    for promotion_id, slot in earlier.exclude(slot=None).values_list("promotion_id", "slot"):
        taken[promotion_id].add(slot)
    for use in uses:
        _take_slot(use, taken[use.promotion_id])


@transaction.atomic
def give_back(*, order: Order) -> int:
    """Give the uses of an order back that is cancelled or was not paid. Returns how many.

    Called by whoever closes the whole order, once its stock is given back; a second call finds
    nothing. Locks the order, then the promotions in primary-key order.
    """
    Order.objects.select_for_update().get(pk=order.pk)
    uses = list(order.redemptions.in_use().order_by("promotion_id"))
    for use in uses:
        counted = Promotion.objects.filter(pk=use.promotion_id, used__gte=1)
        if not counted.update(used=F("used") - 1):
            raise ValueError(f"promotion {use.promotion_id} counts no use to give back")
    released = {"state": Redemption.State.RELEASED, "released_at": now()}
    order.redemptions.in_use().update(**released)
    return len(uses)


def _count(promotion: Promotion) -> None:
    # Condition and change are one statement: no rival fits between them.
    rows = Promotion.objects.running().filter(pk=promotion.pk)
    if guards.is_enabled("promotion_counter"):
        rows = rows.with_uses_left()
    if not rows.update(used=F("used") + 1):
        raise UsedUp


def _take_slot(use: Redemption, taken: set[int]) -> None:
    """The lowest that is free: the row of the promotion, just moved, keeps rivals waiting."""
    most = use.promotion.max_per_buyer
    if most is not None and len(taken) >= most:
        raise UsedUp
    use.slot = next(n for n in range(1, len(taken) + 2) if n not in taken)
    use.save(update_fields=["slot"])


def _use(one: Applied, order: Order, buyer_key: str) -> Redemption:
    return Redemption(
        promotion=one.promotion,
        order=order,
        buyer_key=buyer_key,
        name=one.promotion.name,
        code=one.promotion.code,
        currency=order.currency,
        discount_minor=one.discount_minor,
        funded_minor=one.funded_minor,
    )
