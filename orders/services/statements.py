"""Statements: what each cent of a payout is made of.

The books say what moved; orders, commissions and refunds say why. Every group of lines adds up to
the movements it explains, so that all lines of a payout add up to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from marketflow.core.money import Money
from orders.models import (
    LedgerTransfer,
    OrderLine,
    Payout,
    RedemptionShare,
    Refund,
    SellerOrder,
)
from orders.services import statement_words as words
from orders.services.ledger import Kind


@dataclass(frozen=True, kw_only=True)
class Line:
    """One amount, and why. Below 0 it is taken off."""

    # `sale`, `discount`, `promotion`, `delivery`, `commission`, `commission_vat`, `refund`,
    # `commission_back`, `commission_vat_back`, `promotion_back`, `recovery`, `payout_back`.
    kind: str
    label: str
    amount: Money
    # How it was reckoned, in words.
    note: str = ""
    # Of a sale, a delivery or a refund: the VAT inside the amount.
    tax_included: Money | None = None
    # Of a commission: the rule that set it, and what it looked at.
    rule: str = ""
    inputs: dict[str, object] = field(default_factory=dict)
    order_line: OrderLine | None = None
    # Of a discount: the promotion that took it off, and who pays: `shop`, `market` or `shared`.
    promotion: str = ""
    payer: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """What one fact brought the shop: a completed order, a refund, a payout that came back."""

    kind: str
    title: str
    at: datetime
    part: SellerOrder | None
    lines: list[Line]

    @property
    def amount(self) -> Money:
        first, *others = (line.amount for line in self.lines)
        return sum(others, first)


def of_payout(payout: Payout) -> list[Group]:
    """Everything that `payout` covers, oldest first. The groups add up to its amount."""
    moving = LedgerTransfer.objects.moving(Kind.SHOP_AVAILABLE, payout.shop_id, payout.currency)
    return explain(moving.filter(payout_item__payout=payout).order_by("pk"))


def explain(transfers: Iterable[LedgerTransfer]) -> list[Group]:
    """The groups behind movements of an available balance (they bear `gain_minor`).

    Costs the same number of queries however many there are.
    """
    transfers = list(transfers)
    sources = _Sources(transfers)
    facts: dict[tuple[str, int], list[LedgerTransfer]] = defaultdict(list)
    for transfer in transfers:
        refund = transfer.refund_id
        facts[("refund", refund) if refund else ("fact", transfer.pk)].append(transfer)
    return [_group(batch, sources) for batch in facts.values()]


class _Sources:
    """What the movements are about, loaded at once."""

    def __init__(self, transfers: list[LedgerTransfer]) -> None:
        part_ids = {transfer.seller_order_id for transfer in transfers} - {None}
        completed = {t.seller_order_id for t in transfers if t.kind == "completed"}
        lines = OrderLine.objects.order_by("pk").select_related("commission")
        shares = RedemptionShare.objects.order_by("pk").select_related("redemption")
        parts = SellerOrder.objects.filter(pk__in=part_ids).select_related("order")
        parts = parts.prefetch_related(Prefetch("lines", lines), Prefetch("shares", shares))
        self.parts = {part.pk: part for part in parts}
        # What was refunded of a part before it completed went off its pending money.
        self.early: dict[int, list[LedgerTransfer]] = defaultdict(list)
        before = LedgerTransfer.objects.filter(seller_order__in=completed, refund__isnull=False)
        for transfer in before.on_account(Kind.SHOP_PENDING).order_by("pk"):
            self.early[transfer.seller_order_id].append(transfer)
        refund_ids = {transfer.refund_id for transfer in transfers}
        refund_ids |= {t.refund_id for early in self.early.values() for t in early}
        refunds = Refund.objects.filter(pk__in=refund_ids - {None}).prefetch_related("lines__line")
        self.refunds = {refund.pk: refund for refund in refunds}
        payout_ids = {t.payout_id for t in transfers if t.kind == "payout_back"}
        self.payouts = Payout.objects.in_bulk(payout_ids)


def _group(batch: list[LedgerTransfer], sources: _Sources) -> Group:
    first = batch[0]
    part = sources.parts.get(first.seller_order_id)
    if first.kind == "completed":
        title, kind = part.number, "sale"
        lines = list(_sale(part, first.currency))
        early: dict[int, list[LedgerTransfer]] = defaultdict(list)
        for transfer in sources.early[part.pk]:
            early[transfer.refund_id].append(transfer)
        for refund_id, transfers in early.items():
            lines += _refund(transfers, sources.refunds[refund_id])
    elif first.refund_id:
        refund = sources.refunds[first.refund_id]
        title, kind = _("Refund for %(number)s") % {"number": part.number}, "refund"
        lines = list(_refund(batch, refund))
    else:
        kind = first.kind
        title = words.fact(first, sources.payouts.get(first.payout_id))
        lines = [Line(kind=kind, label=title, amount=_gain(first))]
    return Group(kind=kind, title=title, at=first.booked_at, part=part, lines=lines)


def _sale(part: SellerOrder, currency: str) -> Iterator[Line]:
    """What a part brought: its lines, what they cost, and its delivery."""
    shares: dict[int | None, list[RedemptionShare]] = defaultdict(list)
    for share in part.shares.all():
        shares[share.order_line_id].append(share)
    for line in part.lines.all():
        yield from _sold(line, shares[line.pk], currency)
    delivery = part.shipping_minor + part.shipping_discount_minor
    if delivery:
        yield Line(
            kind="delivery",
            label=words.delivery(part),
            amount=Money(delivery, currency),
            tax_included=Money(part.shipping_tax_minor, currency),
        )
    yield from _discounts(
        shares[None], part.shipping_discount_minor, part.shipping_funded_minor, currency
    )


def _sold(line: OrderLine, shares: list[RedemptionShare], currency: str) -> Iterator[Line]:
    unit = Money(line.unit_price_minor, currency)
    yield Line(
        kind="sale",
        label=str(line),
        amount=unit * line.quantity,
        note=words.sale(line, unit),
        tax_included=Money(line.tax_included_minor, currency),
        order_line=line,
    )
    yield from _discounts(
        shares, line.discount_minor, line.discount_funded_minor, currency, line=line
    )
    commission = line.commission
    if commission.amount_minor:
        yield Line(
            kind="commission",
            label=_("Commission"),
            amount=-Money(commission.amount_minor, currency),
            note=words.commission(commission, currency),
            rule=commission.rule_name,
            inputs=commission.inputs,
            order_line=line,
        )
    if commission.vat_minor:
        yield Line(
            kind="commission_vat",
            label=_("VAT on commission"),
            amount=-Money(commission.vat_minor, currency),
            note=words.part_of(commission.amount_minor, commission.vat_basis_points, currency),
            order_line=line,
        )


def _discounts(
    shares: list[RedemptionShare],
    discount: int,
    funded: int,
    currency: str,
    *,
    line: OrderLine | None = None,
) -> Iterator[Line]:
    """Each promotion by its name; of orders from before these were kept, all of them in one."""
    for share in shares:
        name = share.redemption.name
        yield from _discount(share.discount_minor, share.funded_minor, currency, line, name)
    if not shares:
        yield from _discount(discount, funded, currency, line)


def _discount(
    discount: int, funded: int, currency: str, line: OrderLine | None, name: str = ""
) -> Iterator[Line]:
    by_shop, by_market = Money(discount - funded, currency), Money(funded, currency)
    facts = {"order_line": line, "promotion": name, "payer": _payer(by_shop, by_market)}
    if discount:
        yield Line(
            kind="discount",
            label=words.named(_("Discount"), name),
            amount=-Money(discount, currency),
            note=words.payers(by_shop, by_market),
            **facts,
        )
    if funded:
        label = words.named(_("Discount paid by the marketplace"), name)
        yield Line(kind="promotion", label=label, amount=by_market, **facts)


def _payer(by_shop: Money, by_market: Money) -> str:
    if not by_market.amount:
        return "shop"
    return "shared" if by_shop.amount else "market"


def _refund(transfers: list[LedgerTransfer], refund: Refund) -> Iterator[Line]:
    for transfer in transfers:
        kind = "refund" if transfer.kind == "refunded" else transfer.kind
        is_refund = kind == "refund"
        yield Line(
            kind=kind,
            label=words.refund_fact(kind),
            amount=_gain(transfer),
            note=words.refund(refund) if is_refund or kind == "recovery" else "",
            tax_included=Money(refund.tax_included_minor, refund.currency) if is_refund else None,
        )


def _gain(transfer: LedgerTransfer) -> Money:
    return Money(transfer.gain_minor, transfer.currency)
