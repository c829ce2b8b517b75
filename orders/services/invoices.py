"""Invoices of shops to buyers, and their credit notes. Issued once, whoever asks first.

They are issued when somebody opens them and by beat, never in the transaction of a payment: the
numbers of a shop are counted under one lock, which must not be held while money moves.
"""

from __future__ import annotations

from django.db.models import QuerySet

from marketflow.core.errors import Refusal
from orders.models import Invoice, Order, Refund, SellerOrder
from orders.services import numbering, printed
from orders.services.numbering import Draft, Kind

A_BATCH = 200


class NotInvoiced(Refusal):
    code = "not_invoiced"
    message = "There is an invoice once the order is paid."


def of_order(order: Order) -> list[Invoice]:
    """The documents of `order`: each shop's invoice, followed by its credit notes.

    Those not issued yet are issued. Raises `NotInvoiced`; then nothing has changed.
    """
    if order.paid_at is None:
        raise NotInvoiced(state=order.state)
    parts = SellerOrder.objects.filter(order=order)
    _issue_sales(parts.not_invoiced())
    _issue_credit_notes(Refund.objects.filter(payment__order=order).not_credited())
    found = Invoice.objects.filter(seller_order__in=parts, kind__in=numbering.OF_A_SHOP)
    return list(found.order_by("seller_order_id", "pk"))


def of_part(part: SellerOrder) -> Invoice:
    """The invoice of one shop's part of a paid order, issued where it isn't.

    Locks the shop's series of numbers.
    """
    content = printed.sale(part)
    return numbering.issue(
        Draft(
            kind=Kind.SALE,
            dedupe_key=f"sale:{part.pk}",
            shop=part.shop,
            currency=part.order.currency,
            total_minor=part.total_minor,
            tax_minor=part.tax_included_minor,
            content=content,
            about={"seller_order": part},
        )
    )


def credit(refund: Refund) -> Invoice:
    """The credit note of a refund that has succeeded, issued where it isn't.

    Issues the invoice it refers to first. Locks the shop's series of numbers.
    """
    part = refund.seller_order
    invoice = of_part(part)
    return numbering.issue(
        Draft(
            kind=Kind.CREDIT_NOTE,
            dedupe_key=f"credit_note:{refund.pk}",
            shop=part.shop,
            currency=refund.currency,
            total_minor=-refund.amount_minor,
            tax_minor=-refund.tax_included_minor,
            content=printed.credit_note(refund, invoice),
            about={"seller_order": part, "refund": refund},
        )
    )


def issue_due() -> int:
    """Issue what is due: for parts that were paid, and for refunds that succeeded.

    Returns how many. Safe to repeat, and to run beside itself.
    """
    return _issue_sales(SellerOrder.objects.not_invoiced()) + _issue_credit_notes(
        Refund.objects.not_credited()
    )


def _issue_sales(parts: QuerySet) -> int:
    return _issue(parts.select_related("order", "shop"), of_part)


def _issue_credit_notes(refunds: QuerySet) -> int:
    return _issue(refunds.select_related("seller_order__order", "seller_order__shop"), credit)


def _issue(due: QuerySet, issue) -> int:
    count = 0
    while batch := list(due.order_by("pk")[:A_BATCH]):
        for row in batch:
            issue(row)
        count += len(batch)
    return count
