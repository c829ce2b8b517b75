"""Money and orders that do not know of each other."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Coalesce, Now

from marketflow.management.diagnoses.diagnosis import PATIENCE, Case, Diagnosis
from orders.models import Order, Payment, Refund
from orders.services import payments, refunds

CLOSED = [Order.State.EXPIRED, Order.State.CANCELLED]


def paid_and_not_marked() -> Iterable[Case]:
    rows = Payment.objects.filter(
        order__state=Order.State.AWAITING_PAYMENT, captured_minor__gte=F("order__total_minor")
    )
    for payment in rows.filter(captured_minor__gt=0).select_related("order").order_by("pk"):
        yield Case(payment.pk, f"order {payment.order.number}, payment {payment.uuid}")


def money_that_nobody_needs() -> Iterable[Case]:
    """Of a closed order, or a second capture beside the one that paid it."""
    others = Payment.objects.filter(
        order=OuterRef("order"), captured_at__lt=OuterRef("captured_at")
    )
    rows = Payment.objects.filter(captured_minor__gt=F("refund_decided_minor"))
    rows = rows.filter(Q(order__state__in=CLOSED, order__paid_at=None) | Exists(others))
    for payment in rows.select_related("order").order_by("pk"):
        left = payment.captured_minor - payment.refund_decided_minor
        yield Case(payment.pk, f"order {payment.order.number}: {left} {payment.currency} minor")


def marked_and_not_paid() -> Iterable[Case]:
    captured = Coalesce(Sum("payments__captured_minor"), 0)
    rows = Order.objects.filter(paid_at__isnull=False).annotate(captured=captured)
    for order in rows.filter(captured__lt=F("total_minor")).order_by("pk"):
        yield Case(order.pk, f"order {order.number}: {order.captured} of {order.total_minor}")


def unknown_payments() -> Iterable[Case]:
    rows = Payment.objects.open().filter(
        state__in=payments.UNSETTLED, created_at__lt=Now() - PATIENCE
    )
    for payment in rows.select_related("order").order_by("pk"):
        yield Case(payment.pk, f"order {payment.order.number}, payment {payment.uuid}")


def refunds_under_way() -> Iterable[Case]:
    rows = Refund.objects.under_way().filter(created_at__lt=Now() - PATIENCE)
    for refund in rows.select_related("payment__order").order_by("pk"):
        yield Case(refund.pk, f"order {refund.payment.order.number}, refund {refund.uuid}")


def refunds_that_failed() -> Iterable[Case]:
    rows = Refund.objects.filter(state=Refund.State.FAILED)
    for refund in rows.select_related("payment__order").order_by("pk"):
        number, why = refund.payment.order.number, refund.failure or "refused"
        yield Case(refund.pk, f"order {number}, refund {refund.uuid}: {why}")


def recognise(pk: int) -> None:
    payments.recognise(payment=Payment.objects.get(pk=pk))


def resume(pk: int) -> None:
    payments.resume(payment=Payment.objects.get(pk=pk))


def send_refund(pk: int) -> None:
    refunds.send(Refund.objects.select_related("payment").get(pk=pk))


MONEY = [
    Diagnosis(
        "paid_without_order",
        "captured in full, and the order still waits for its payment",
        paid_and_not_marked,
        recognise,
    ),
    Diagnosis(
        "money_without_need",
        "captured for an order that is closed or was paid otherwise, and not given back",
        money_that_nobody_needs,
        recognise,
    ),
    Diagnosis(
        "order_without_payment",
        "marked as paid with less captured than it costs: look at the provider's books, then "
        "cancel it or correct the payment",
        marked_and_not_paid,
    ),
    Diagnosis(
        "unknown_payment",
        "the provider was asked and its answer never came",
        unknown_payments,
        resume,
    ),
    Diagnosis(
        "refund_under_way",
        "a refund was decided and the provider has not carried it out",
        refunds_under_way,
        send_refund,
    ),
    Diagnosis(
        "refund_failed",
        "the provider refused a refund, or a bank sent it back: try again in /admin/ once the "
        "reason is gone",
        refunds_that_failed,
    ),
]
