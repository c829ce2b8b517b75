"""Uses of promotions: taken with the order, given back when it comes to nothing.

The counter on the promotion moves by conditional UPDATE alone. Its row is also the lock under
which a buyer's uses are counted, so the limit per buyer holds for any number of tabs at once; a
unique slot stands behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from carts.models import Promotion
from carts.services.discounts import Applied
from carts.services.pricing import PricedCart
from marketflow.core import guards
from marketflow.core.errors import Refusal
from marketflow.core.transactions import whole_unit
from orders.models import Order, OrderLine, Redemption, RedemptionShare, SellerOrder
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
    uses = Redemption.objects.bulk_create(_use(one, order, past.key) for one in applied)
    _write_shares(order, priced, zip(uses, applied, strict=True))
    return uses


def _write_shares(
    order: Order, priced: PricedCart, uses: Iterable[tuple[Redemption, Applied]]
) -> None:
    """What each use takes off each line and delivery, for the statements of the shops."""
    lines = OrderLine.objects.filter(seller_order__order=order).select_related("seller_order")
    by_variant = {line.variant_id: line for line in lines}
    parts = {line.seller_order.shop_id: line.seller_order for line in by_variant.values()}
    variants = {line.line.pk: line.variant.pk for line in priced.lines}
    shares = []
    for use, one in uses:
        for key, amount in one.lines.items():
            line = by_variant[variants[key]]
            funded = one.lines_funded.get(key, 0)
            shares.append(_share(use, line.seller_order, amount, funded, line))
        for shop_id, amount in one.delivery.items():
            funded = one.delivery_funded.get(shop_id, 0)
            shares.append(_share(use, parts[shop_id], amount, funded))
    RedemptionShare.objects.bulk_create(share for share in shares if share.discount_minor)


def _share(
    use: Redemption, part: SellerOrder, amount: int, funded: int, line: OrderLine | None = None
) -> RedemptionShare:
    return RedemptionShare(
        redemption=use,
        seller_order=part,
        order_line=line,
        discount_minor=amount,
        funded_minor=funded,
    )


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
