"""One timeline per order: payment, stock, parcels, refunds, returns, disputes and the books.

Each role sees its part. A buyer: everything but the books. A shop: its own part, with what it was
booked. Staff: all. Read from the rows that the services wrote; nothing is kept apart. Apps above
add what they know of a part (`also_tells`). It costs the same queries however much has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Model, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import StockMovement
from marketflow.core.money import Money
from orders.models import (
    Dispute,
    LedgerTransfer,
    Order,
    OrderLine,
    Payment,
    Refund,
    Return,
    SellerOrder,
    Shipment,
    StateChange,
)

STEPS = {
    ("order", "awaiting_payment"): gettext_lazy("Order placed, its items are held"),
    ("order", "paid"): gettext_lazy("Order paid"),
    ("order", "completed"): gettext_lazy("Order completed"),
    ("order", "cancelled"): gettext_lazy("Order cancelled"),
    ("order", "expired"): gettext_lazy("Not paid in time, the items were given back"),
    ("seller_order", "pending"): gettext_lazy("Waits for the payment"),
    ("seller_order", "paid"): gettext_lazy("Paid, to be sent"),
    ("seller_order", "shipped"): gettext_lazy("Everything is sent"),
    ("seller_order", "delivered"): gettext_lazy("Delivered"),
    ("seller_order", "completed"): gettext_lazy("Completed"),
    ("seller_order", "cancelled"): gettext_lazy("Cancelled, the stock is given back"),
    ("seller_order", "expired"): gettext_lazy("Not paid in time"),
    ("payment", "created"): gettext_lazy("Payment started"),
    ("payment", "requires_action"): gettext_lazy("The bank asks the buyer to confirm"),
    ("payment", "processing"): gettext_lazy("Payment is being processed"),
    ("payment", "captured"): gettext_lazy("Payment received"),
    ("payment", "failed"): gettext_lazy("Payment failed"),
    ("refund", "pending"): gettext_lazy("Refund decided"),
    ("refund", "succeeded"): gettext_lazy("Refund sent"),
    ("refund", "failed"): gettext_lazy("Refund failed"),
    ("return", "requested"): gettext_lazy("Return asked for"),
    ("return", "approved"): gettext_lazy("Return accepted"),
    ("return", "rejected"): gettext_lazy("Return refused"),
    ("return", "received"): gettext_lazy("Return received"),
    ("return", "withdrawn"): gettext_lazy("Return withdrawn"),
    ("dispute", "open"): gettext_lazy("Dispute opened"),
    ("dispute", "won"): gettext_lazy("Dispute decided for the shop"),
    ("dispute", "lost"): gettext_lazy("Dispute decided for the buyer"),
    ("dispute", "withdrawn"): gettext_lazy("Dispute withdrawn"),
}
FACTS = {
    "captured": gettext_lazy("Payment taken"),
    "paid": gettext_lazy("Sale"),
    "promotion": gettext_lazy("Discount paid by the marketplace"),
    "commission": gettext_lazy("Commission"),
    "commission_vat": gettext_lazy("VAT on commission"),
    "completed": gettext_lazy("Available to be paid out"),
    "refunded": gettext_lazy("Refund"),
    "refunded_owed": gettext_lazy("Refund, owed by the shop"),
    "commission_back": gettext_lazy("Commission taken back"),
    "commission_vat_back": gettext_lazy("VAT on commission taken back"),
    "promotion_back": gettext_lazy("Discount of the marketplace taken back"),
    "promotion_back_owed": gettext_lazy("Discount of the marketplace, owed by the shop"),
    "refund_sent": gettext_lazy("Refund paid by the provider"),
    "refund_come_back": gettext_lazy("Refund sent back by the buyer's bank"),
    "provider_fee": gettext_lazy("Fee of the provider"),
    "dispute_fee": gettext_lazy("Fee of the provider for a dispute"),
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something that happened. `subject` names the kind of thing, `part` the shop's part."""

    at: datetime
    subject: str
    text: str
    part: str = ""
    shop: str = ""
    # The step of its state, where it is one.
    src: str = ""
    dst: str = ""
    amount: Money | None = None
    # The uuid of the payment, refund, return, dispute or parcel.
    reference: str = ""
    detail: str = ""
    actor: str = ""


# What apps above tell of parts ({id: part}): in few queries, however much that is.
Source = Callable[[dict[int, SellerOrder]], Iterable[Entry]]
_sources: list[Source] = []


def also_tells(source: Source) -> Source:
    """Decorator: every timeline has the entries that `source` gives for its parts."""
    _sources.append(source)
    return source


def of_buyer(order: Order) -> list[Entry]:
    """Everything that happened, without the books."""
    return _told(order, _parts(order), is_whole=True)


def of_shop(part: SellerOrder) -> list[Entry]:
    """What happened to `part`, and what its shop was booked. Nothing of other shops."""
    return _told(part.order, [part], is_whole=False, with_ledger=True)


def of_staff(order: Order) -> list[Entry]:
    """Everything, with the books and who did it."""
    return _told(order, _parts(order), is_whole=True, with_ledger=True, with_actors=True)


def _parts(order: Order) -> list[SellerOrder]:
    return list(order.seller_orders.select_related("shop").order_by("pk"))


def _told(
    order: Order,
    parts: list[SellerOrder],
    *,
    is_whole: bool,
    with_ledger: bool = False,
    with_actors: bool = False,
) -> list[Entry]:
    by_pk = {part.pk: part for part in parts}
    payments = list(Payment.objects.filter(order=order)) if is_whole else []
    of_parts = Q(seller_order__in=by_pk)
    refunds = Refund.objects.filter(of_parts | Q(payment__in=payments))
    things: list[Model] = [
        *([order, *payments] if is_whole else []),
        *parts,
        *refunds.prefetch_related("lines__line"),
        *Return.objects.filter(of_parts).prefetch_related("lines__line"),
        *Dispute.objects.filter(of_parts),
    ]
    entries = [
        *_steps(things, by_pk, order.currency, with_actors=with_actors),
        *_parcels(by_pk),
        *_stock(by_pk),
        *(entry for source in _sources for entry in source(by_pk)),
    ]
    if with_ledger:
        about = of_parts | Q(payment__in=payments)
        entries += _books(LedgerTransfer.objects.filter(about), by_pk)
    # Sorted by time alone: what happened at once stays in the order it was gathered.
    return sorted(entries, key=lambda entry: entry.at)


def _steps(
    things: Iterable[Model], parts: dict[int, SellerOrder], currency: str, *, with_actors: bool
) -> Iterator[Entry]:
    known = {(thing.SUBJECT, thing.pk): thing for thing in things}
    wanted = Q(pk=None)
    for subject in {subject for subject, _pk in known}:
        ids = [pk for known_subject, pk in known if known_subject == subject]
        wanted |= Q(subject=subject, subject_id__in=ids)
    steps = StateChange.objects.filter(wanted).order_by("changed_at", "pk")
    for step in steps.select_related("actor") if with_actors else steps:
        thing = known[step.subject, step.subject_id]
        part = thing if step.subject == "seller_order" else None
        part = part or parts.get(getattr(thing, "seller_order_id", None))
        yield Entry(
            at=step.changed_at,
            subject=step.subject,
            text=str(STEPS.get((step.subject, step.dst), step.dst)),
            part=part.number if part else "",
            shop=part.shop.name if part else "",
            src=step.src,
            dst=step.dst,
            amount=_amount(thing, step.dst, currency),
            reference=str(getattr(thing, "uuid", "")),
            detail=_detail(thing, step.dst),
            actor=str(step.actor) if with_actors and step.actor else "",
        )


def _amount(thing: Model, state: str, currency: str) -> Money | None:
    if isinstance(thing, Payment | Refund):
        return thing.amount
    if isinstance(thing, Dispute) and state == Dispute.State.OPEN:
        return thing.amount
    return None


def _detail(thing: Model, state: str) -> str:
    """What is to be said beside a step: units, reasons, answers."""
    if isinstance(thing, Refund) and state == Refund.State.PENDING:
        units = [f"{row.quantity} × {row.line.title}" for row in thing.lines.all() if row.quantity]
        return _joined(thing.get_kind_display(), ", ".join(units), thing.reason)
    if isinstance(thing, Return) and state == Return.State.REQUESTED:
        return _joined(_units((r.quantity, r.line) for r in thing.lines.all()), thing.reason)
    if isinstance(thing, Return) and state == Return.State.RECEIVED:
        return _units((row.received, row.line) for row in thing.lines.all())
    if isinstance(thing, Return) and state in (Return.State.APPROVED, Return.State.REJECTED):
        return thing.answer
    if isinstance(thing, Dispute):
        return thing.reason if state == Dispute.State.OPEN else thing.decision
    if isinstance(thing, Payment) and state == Payment.State.CAPTURED:
        return thing.method
    return ""


def _parcels(parts: dict[int, SellerOrder]) -> Iterator[Entry]:
    parcels = Shipment.objects.filter(seller_order__in=parts).prefetch_related("lines__line")
    for parcel in parcels:
        part = parts[parcel.seller_order_id]
        named = {
            "subject": "shipment",
            "part": part.number,
            "shop": part.shop.name,
            "reference": str(parcel.uuid),
        }
        contents = _units((packed.quantity, packed.line) for packed in parcel.lines.all())
        carried = " ".join([parcel.carrier, parcel.tracking_number]).strip()
        detail = _joined(carried, contents)
        yield Entry(at=parcel.shipped_at, text=_("Parcel sent"), detail=detail, **named)
        if parcel.delivered_at:
            yield Entry(at=parcel.delivered_at, text=_("Parcel delivered"), **named)


def _stock(parts: dict[int, SellerOrder]) -> Iterator[Entry]:
    lines = {line.pk: line for line in OrderLine.objects.filter(seller_order__in=parts)}
    moved = StockMovement.objects.filter(
        order_line_ref__in=lines,
        kind__in=[StockMovement.Kind.SALE, StockMovement.Kind.RETURN],
    )
    for movement in moved.order_by("pk"):
        line = lines[movement.order_line_ref]
        part = parts[line.seller_order_id]
        is_back = movement.kind == StockMovement.Kind.RETURN
        yield Entry(
            at=movement.moved_at,
            subject="stock",
            text=_("Back in stock") if is_back else _("Taken from stock"),
            part=part.number,
            shop=part.shop.name,
            detail=_units([(abs(movement.delta), line)]),
        )


def _books(transfers: Iterable[LedgerTransfer], parts: dict[int, SellerOrder]) -> Iterator[Entry]:
    for transfer in transfers.select_related("debit", "credit").order_by("pk"):
        part = parts.get(transfer.seller_order_id)
        yield Entry(
            at=transfer.booked_at,
            subject="ledger",
            text=str(FACTS.get(transfer.kind, transfer.kind)),
            part=part.number if part else "",
            shop=part.shop.name if part else "",
            amount=transfer.amount,
            detail=f"{transfer.debit.get_kind_display()} → {transfer.credit.get_kind_display()}",
        )


def _units(rows: Iterable[tuple[int, OrderLine]]) -> str:
    return ", ".join(f"{units} × {line.title}" for units, line in rows)


def _joined(*texts: str) -> str:
    return " · ".join(str(text) for text in texts if text)
