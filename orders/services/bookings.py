"""Which entries a fact of the market makes. The table stands in docs/ledger.md.

Nothing here decides anything: services decide, and have their decision booked.
"""

from __future__ import annotations

from collections.abc import Iterable

from orders.models import Commission, Dispute, LedgerTransfer, Payment, Payout, Refund, SellerOrder
from orders.services import ledger
from orders.services.ledger import Account, Entry, Kind


def provider_account(payment: Payment) -> Account:
    return Account(Kind.PROVIDER, payment.provider, payment.currency)


def order_account(order_id: int, currency: str) -> Account:
    return Account(Kind.ORDER, order_id, currency)


def shop_account(kind: Kind, shop_id: int, currency: str) -> Account:
    return Account(kind, shop_id, currency)


def own(kind: Kind, currency: str) -> Account:
    """One of the marketplace's own accounts."""
    return Account(kind, "", currency)


def captured(payment: Payment) -> Entry:
    """The provider holds the buyer's money; nobody owns it yet."""
    return Entry(
        debit=provider_account(payment),
        credit=order_account(payment.order_id, payment.currency),
        amount_minor=payment.captured_minor,
        kind="captured",
        key=f"captured:{payment.pk}",
        about={"payment": payment},
    )


def provider_fee(payment: Payment) -> Entry:
    """What the provider kept of a capture, once it has said so: the marketplace bears it."""
    return Entry(
        debit=own(Kind.PROVIDER_FEE, payment.currency),
        credit=provider_account(payment),
        amount_minor=payment.fee_minor or 0,
        kind="provider_fee",
        key=f"provider_fee:{payment.pk}",
        about={"payment": payment},
    )


def paid(part: SellerOrder, currency: str, commissions: Iterable[Commission]) -> list[Entry]:
    """A part is paid: the shop is owed its total and what the marketplace funds, less commission.

    `part.lines` and `commissions` (of those lines) are loaded.
    """
    pending = shop_account(Kind.SHOP_PENDING, part.shop_id, currency)
    commissions = list(commissions)
    funded = part.shipping_funded_minor + sum(
        line.discount_funded_minor for line in part.lines.all()
    )

    def entry(debit: Account, credit: Account, amount: int, kind: str) -> Entry:
        return Entry(
            debit=debit,
            credit=credit,
            amount_minor=amount,
            kind=kind,
            key=f"{kind}:{part.pk}",
            about={"seller_order": part},
        )

    fee = sum(commission.amount_minor for commission in commissions)
    fee_vat = sum(commission.vat_minor for commission in commissions)
    return [
        entry(order_account(part.order_id, currency), pending, part.total_minor, "paid"),
        entry(own(Kind.PROMOTION, currency), pending, funded, "promotion"),
        entry(pending, own(Kind.COMMISSION, currency), fee, "commission"),
        entry(pending, own(Kind.COMMISSION_VAT, currency), fee_vat, "commission_vat"),
    ]


def completed(part: SellerOrder, currency: str) -> list[Entry]:
    """Nothing more is expected of a part: what is left of it becomes available."""
    pending = shop_account(Kind.SHOP_PENDING, part.shop_id, currency)
    left = LedgerTransfer.objects.filter(seller_order=part).gathered(Kind.SHOP_PENDING)
    return [
        Entry(
            debit=pending,
            credit=shop_account(Kind.SHOP_AVAILABLE, part.shop_id, currency),
            amount_minor=left,
            kind="completed",
            key=f"completed:{part.pk}",
            about={"seller_order": part},
        )
    ]


def refund_decided(
    refund: Refund, *, commission_minor: int, vat_minor: int, funded_minor: int
) -> list[Entry]:
    """The shop gives back what it earned with the units refunded; the money waits to be sent.

    Amounts in minor units: the commission, its VAT and the marketplace's share of the discount
    that are taken back. What a completed part no longer has available, the shop owes.
    """
    part = refund.seller_order
    currency = refund.currency
    is_completed = part.state == SellerOrder.State.COMPLETED
    kind = Kind.SHOP_AVAILABLE if is_completed else Kind.SHOP_PENDING
    shop = shop_account(kind, part.shop_id, currency)
    owed = shop_account(Kind.SHOP_RECEIVABLE, part.shop_id, currency)
    has = commission_minor + vat_minor
    if is_completed:
        # First what the shop gets back: it pays part of the refund.
        has += -lock_for_refunds([part], currency)[shop]
    else:
        has += refund.amount_minor + funded_minor

    def entry(debit: Account, credit: Account, amount: int, fact: str) -> Entry:
        return Entry(
            debit=debit,
            credit=credit,
            amount_minor=amount,
            kind=fact,
            key=f"{fact}:{refund.pk}",
            about={"refund": refund, "seller_order": part, "payment": refund.payment},
        )

    from_shop = min(refund.amount_minor, has)
    funded_from_shop = min(funded_minor, has - from_shop)
    funded_owed = funded_minor - funded_from_shop
    order = order_account(part.order_id, currency)
    return [
        entry(own(Kind.COMMISSION, currency), shop, commission_minor, "commission_back"),
        entry(own(Kind.COMMISSION_VAT, currency), shop, vat_minor, "commission_vat_back"),
        entry(shop, order, from_shop, "refunded"),
        entry(owed, order, refund.amount_minor - from_shop, "refunded_owed"),
        entry(shop, own(Kind.PROMOTION, currency), funded_from_shop, "promotion_back"),
        entry(owed, own(Kind.PROMOTION, currency), funded_owed, "promotion_back_owed"),
    ]


def lock_for_refunds(
    parts: Iterable[SellerOrder], currency: str, *others: Account
) -> dict[Account, int]:
    """Lock the accounts that refunds of `parts` and `others` touch, all in primary-key order.

    Called first where a transaction books more than once: accounts locked one posting at a time
    could be met in the opposite order by another. Returns their balances.
    """
    accounts = {*others, own(Kind.COMMISSION, currency), own(Kind.COMMISSION_VAT, currency)}
    accounts.add(own(Kind.PROMOTION, currency))
    for part in parts:
        accounts.add(order_account(part.order_id, currency))
        for kind in (Kind.SHOP_PENDING, Kind.SHOP_AVAILABLE, Kind.SHOP_RECEIVABLE):
            accounts.add(shop_account(kind, part.shop_id, currency))
    return ledger.locked_balances(accounts)


def refund_sent(refund: Refund) -> Entry:
    """The provider gave the money back."""
    return Entry(
        debit=order_account(refund.payment.order_id, refund.currency),
        credit=provider_account(refund.payment),
        amount_minor=refund.amount_minor,
        kind="refund_sent",
        key=_of_this_try("refund_sent", refund),
        about={
            "refund": refund,
            "payment": refund.payment,
            "seller_order": refund.seller_order,
        },
    )


def refund_come_back(refund: Refund) -> Entry:
    """What was sent came back to the provider: the buyer is owed it again."""
    return Entry(
        debit=provider_account(refund.payment),
        credit=order_account(refund.payment.order_id, refund.currency),
        amount_minor=refund.amount_minor,
        kind="refund_come_back",
        key=_of_this_try("refund_come_back", refund),
        about={
            "refund": refund,
            "payment": refund.payment,
            "seller_order": refund.seller_order,
        },
    )


def _of_this_try(kind: str, refund: Refund) -> str:
    times = refund.times_sent
    return f"{kind}:{refund.pk}" if times < 2 else f"{kind}:{refund.pk}:{times}"


def recovered(payout: Payout, *, refund_id: int | None, part_id: int | None, owed: int) -> Entry:
    """What a shop owes for one refund is taken off its payout. `owed` in minor units."""
    return Entry(
        debit=shop_account(Kind.SHOP_AVAILABLE, payout.shop_id, payout.currency),
        credit=shop_account(Kind.SHOP_RECEIVABLE, payout.shop_id, payout.currency),
        amount_minor=owed,
        kind="recovery",
        key=f"recovery:{payout.pk}:{refund_id or 'other'}",
        about={"refund_id": refund_id, "seller_order_id": part_id, "payout": payout},
    )


def paid_out(payout: Payout) -> Entry:
    """A payout leaves for the shop's bank. Booked before the provider is asked."""
    return Entry(
        debit=shop_account(Kind.SHOP_AVAILABLE, payout.shop_id, payout.currency),
        credit=Account(Kind.PROVIDER, payout.provider, payout.currency),
        amount_minor=payout.amount_minor,
        kind="payout",
        key=f"payout:{payout.pk}",
        about={"payout": payout},
    )


def payout_back(payout: Payout) -> Entry:
    """It failed, or the bank returned it: the shop is owed its amount again."""
    return Entry(
        debit=Account(Kind.PROVIDER, payout.provider, payout.currency),
        credit=shop_account(Kind.SHOP_AVAILABLE, payout.shop_id, payout.currency),
        amount_minor=payout.amount_minor,
        kind="payout_back",
        key=f"payout_back:{payout.pk}",
        about={"payout": payout},
    )


def dispute_fee(dispute: Dispute, payment: Payment) -> Entry:
    """What a lost dispute costs the marketplace beside the money. No part of the payment."""
    return Entry(
        debit=own(Kind.PROVIDER_FEE, dispute.currency),
        credit=provider_account(payment),
        amount_minor=dispute.fee_minor,
        kind="dispute_fee",
        key=f"dispute_fee:{dispute.pk}",
        about={"seller_order": dispute.seller_order},
    )
