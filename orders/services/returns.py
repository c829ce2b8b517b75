"""Returns: asked for by the buyer, answered by the shop, received in units, then refunded.

What arrived is the ceiling of the refund; what was paid, and not refunded yet, are the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.db.models.functions import Now
from django.utils.timezone import now

from accounts.models import User
from catalog.services import inventory
from catalog.services.inventory import Sold
from marketflow.core.errors import Refusal
from marketflow.core.events import publish
from marketflow.core.transactions import whole_unit
from orders.events import ReturnAnswered, ReturnReceived, ReturnRequested
from orders.models import (
    Order,
    OrderLine,
    Payment,
    Refund,
    Return,
    ReturnLine,
    ReturnPicture,
    SellerOrder,
)
from orders.models.history import record_start
from orders.services import refunds
from orders.services.refunds import NothingToRefund
from orders.services.shares import Wanted


class NotReturnable(Refusal):
    code = "not_returnable"
    message = "Nothing of this order can be sent back now."


class TooLateToReturn(Refusal):
    code = "too_late_to_return"
    message = "The time to send something back has passed. Ask the shop."


class NothingToReturn(Refusal):
    code = "nothing_to_return"
    message = "Choose what to send back."


class MoreThanSent(Refusal):
    """`returnable` is how many units of the line can still be sent back."""

    code = "too_many_units"
    message = "That is more than was sent and is not on its way back."


class MoreThanAnnounced(Refusal):
    """`announced` is how many units of the line the return was to hold."""

    code = "too_many_units"
    message = "More units than were announced can't have come back."


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """What came back of a line. `restock`: the units can be sold again."""

    units: int
    restock: bool = True


def returnable(part: SellerOrder) -> dict[int, int]:
    """How many units of each line are sent, not returned and in no other open return.

    {order line id: units}, lines without any left out. Whether there is still time is asked
    apart: `deadline`.
    """
    lines = ReturnLine.objects.filter(parcel__in=part.returns.open())
    under_way: Counter[int] = Counter()
    for line_id, units in lines.values_list("line", "quantity"):
        under_way[line_id] += units
    left = {
        line.pk: line.shipped - line.returned - under_way[line.pk] for line in part.lines.all()
    }
    return {pk: units for pk, units in left.items() if units > 0}


def deadline(part: SellerOrder) -> datetime | None:
    """When the last day to ask for a return ends; None while something is still to arrive."""
    delivered = [parcel.delivered_at for parcel in part.shipments.all()]
    if not delivered or None in delivered:
        return None
    return max(delivered) + timedelta(days=part.shop.returns_days)


@whole_unit
def request(
    *,
    part: SellerOrder,
    lines: Mapping[int, int],
    reason: str,
    pictures: Sequence[ReturnPicture] = (),
    actor: User | None = None,
) -> Return:
    """The buyer wants to send back `lines` of `part`: {order line id: units}.

    `pictures` show them, as `return_pictures.take` made them. Locks the SellerOrder. Raises
    `NotReturnable`, `TooLateToReturn`, `NothingToReturn`, `MoreThanSent`. Publishes
    `ReturnRequested`.
    """
    part = SellerOrder.objects.select_for_update().get(pk=part.pk)
    left = returnable(part)
    if not left:
        raise NotReturnable(state=part.state)
    if _is_too_late(part):
        raise TooLateToReturn(days=part.shop.returns_days)
    wanted = {pk: units for pk, units in lines.items() if units}
    if not wanted:
        raise NothingToReturn
    for pk, units in wanted.items():
        if not 0 < units <= left.get(pk, 0):
            raise MoreThanSent(returnable=left.get(pk, 0))

    parcel = Return.objects.create(seller_order=part, reason=reason, state=Return.State.REQUESTED)
    ReturnLine.objects.bulk_create(
        ReturnLine(parcel=parcel, line_id=pk, quantity=wanted[pk]) for pk in sorted(wanted)
    )
    for picture in pictures:
        picture.parcel = parcel
    ReturnPicture.objects.bulk_create(pictures)
    record_start(parcel, actor=actor)
    publish(ReturnRequested(**_named(parcel)))
    return parcel


@whole_unit
def approve(*, parcel: Return, answer: str = "", actor: User | None = None) -> Return:
    """The shop agrees; `answer` says how to send it. Raises `InvalidTransition`.

    Publishes `ReturnAnswered`.
    """
    return _answer(parcel, Return.State.APPROVED, answer, actor)


@whole_unit
def reject(*, parcel: Return, answer: str = "", actor: User | None = None) -> Return:
    """The shop does not agree; `answer` says why. Raises `InvalidTransition`.

    Publishes `ReturnAnswered`.
    """
    return _answer(parcel, Return.State.REJECTED, answer, actor)


@whole_unit
def withdraw(*, parcel: Return, actor: User | None = None) -> Return:
    """The buyer keeps the goods after all. Raises `InvalidTransition`."""
    parcel.move_to(Return.State.WITHDRAWN, actor=actor)
    return parcel


@whole_unit
def receive(
    *,
    parcel: Return,
    lines: Mapping[int, Arrived],
    refund_shipping: bool = False,
    actor: User | None = None,
) -> Refund | None:
    """The goods are here: {order line id: Arrived}. They are refunded, at most as many as came.

    What can be sold again goes on the shelf. `refund_shipping`: what is left of the delivery goes
    back too. It ends the return, also where nothing came at all: so a shop closes one whose parcel
    never came. Locks Order, SellerOrder, Payments, stock, accounts. Raises `InvalidTransition`
    for a return that is not approved, `MoreThanAnnounced`, `Disputed`. Publishes
    `ReturnReceived`.
    Returns the refund, None where there was nothing to give back.
    """
    order = Order.objects.select_for_update().get(pk=parcel.seller_order.order_id)
    part = SellerOrder.objects.select_for_update().get(pk=parcel.seller_order_id)
    part.touch()
    list(Payment.objects.filter(order=order).order_by("pk").select_for_update())
    parcel = (
        Return.objects.select_for_update().select_related("seller_order__order").get(pk=parcel.pk)
    )
    parcel.move_to(Return.State.RECEIVED, actor=actor)
    Return.objects.filter(pk=parcel.pk).update(received_at=now())
    arrived = _count(parcel, lines)
    _take_back(parcel, arrived, lines)
    publish(ReturnReceived(**_named(parcel)))
    fresh = {line.pk: line for line in part.lines.all()}
    wanted = {
        line_id: Wanted(units=min(units, fresh[line_id].unrefunded))
        for line_id, units in arrived.items()
    }
    try:
        return refunds.decide(
            part=part,
            lines=wanted,
            shipping_minor=part.shipping_left.amount if refund_shipping else 0,
            kind=Refund.Kind.RETURN,
            reason=parcel.reason,
            returned=parcel,
            actor=actor,
        )
    except NothingToRefund:
        return None


def _is_too_late(part: SellerOrder) -> bool:
    """By the database's clock: everything was delivered more than the shop's days ago."""
    begin = Now() - timedelta(days=part.shop.returns_days)
    parcels = part.shipments.all()
    return not (
        parcels.filter(delivered_at=None).exists()
        or parcels.filter(delivered_at__gte=begin).exists()
    )


def _answer(parcel: Return, state: Return.State, answer: str, actor: User | None) -> Return:
    parcel.move_to(state, actor=actor)
    parcel.answer, parcel.decided_at = answer, now()
    parcel.save(update_fields=["answer", "decided_at"])
    publish(ReturnAnswered(is_approved=state == Return.State.APPROVED, **_named(parcel)))
    return parcel


def _count(parcel: Return, lines: Mapping[int, Arrived]) -> dict[int, int]:
    """Write down how many units of each line came: {order line id: units}, without none."""
    announced = {row.line_id: row for row in parcel.lines.order_by("line")}
    for pk, arrived in lines.items():
        most = announced[pk].quantity if pk in announced else 0
        if not 0 <= arrived.units <= most:
            raise MoreThanAnnounced(announced=most)
    came = {pk: lines[pk].units for pk in announced if pk in lines and lines[pk].units}
    for pk, units in came.items():
        ReturnLine.objects.filter(pk=announced[pk].pk).update(received=units)
        # Never more than was sent; the constraint behind it says the same.
        rows = OrderLine.objects.filter(pk=pk, shipped__gte=F("returned") + units)
        if not rows.update(returned=F("returned") + units):
            raise MoreThanSent(returnable=0)
    return came


def _take_back(parcel: Return, came: Mapping[int, int], lines: Mapping[int, Arrived]) -> None:
    tracked = OrderLine.objects.filter(pk__in=came, stock_item__isnull=False)
    goods = [
        Sold(line.stock_item_id, came[line.pk], line.pk, str(parcel.uuid))
        for line in tracked
        if lines[line.pk].restock
    ]
    if goods:
        inventory.put_back(goods)


def _named(parcel: Return) -> dict[str, int | None]:
    part = parcel.seller_order
    return {
        "return_id": parcel.pk,
        "seller_order_id": part.pk,
        "shop_id": part.shop_id,
        "buyer_id": part.order.buyer_id,
    }
