"""The sellers' steps that give something back: cancelled lines, refunds, returns, disputes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from unfold.admin import ModelAdmin

from marketflow.core.errors import Refusal
from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import money
from orders.giving_forms import AnswerForm, CancelForm, ReceiptForm, RefundForm, StatementForm
from orders.models import Dispute, Refund, Return, SellerOrder
from orders.selling import address, find_part, in_frame, require, show_part
from orders.services import cancelling, disputes, refunds, returns, shares, timelines


def cancel(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Do not send some units; they are refunded."""
    require(model_admin.has_view_permission(request))
    part = find_part(request, "refund", pk)
    form = CancelForm(request.POST, part=part)
    if form.is_valid():
        try:
            refund = cancelling.cancel_units(
                part=part,
                lines=form.cleaned_data["lines"],
                reason=form.cleaned_data["reason"],
                actor=request.user,
            )
        except Refusal as refusal:
            form.add_error(None, gettext(str(refusal.message)))
        else:
            messages.success(request, _said(gettext("Cancelled."), refund))
            return redirect(address("orders_sellerorder_change", part.pk))
    return show_part(model_admin, request, part, cancel_form=form)


def refund(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Calculate what a refund comes to; give it back once that sum was agreed to."""
    require(model_admin.has_view_permission(request))
    part = find_part(request, "refund", pk)
    form = RefundForm(request.POST, part=part)
    if not form.is_valid():
        return show_part(model_admin, request, part, refund_form=form)
    wanted = form.cleaned_data
    try:
        estimate = _estimate(part, wanted)
        if "agree" not in request.POST or wanted["agreed"] != estimate["total"].amount:
            form = _with_agreed(request, part, estimate["total"])
            return show_part(model_admin, request, part, refund_form=form, estimate=estimate)
        with transaction.atomic():
            form.require_unchanged()
            decided = refunds.decide(
                part=part,
                lines=wanted["lines"],
                shipping_minor=wanted["shipping_minor"],
                kind=Refund.Kind.GOODWILL,
                reason=wanted["reason"],
                actor=request.user,
            )
    except Refusal as refusal:
        form.add_error(None, gettext(str(refusal.message)))
        return show_part(model_admin, request, part, refund_form=form)
    messages.success(request, _said("", decided))
    return redirect(address("orders_sellerorder_change", part.pk))


def one_return(
    model_admin: ModelAdmin, request: HttpRequest, pk: str, **forms: Any
) -> HttpResponse:
    """A return: what is asked for, and the shop's next step."""
    require(model_admin.has_view_permission(request))
    parcel = _return(request, "orders", pk)
    may_answer = Return.objects.managed_by(request.user, "refund").filter(pk=parcel.pk).exists()
    is_asked = parcel.state == Return.State.REQUESTED
    context = {
        "parcel": parcel,
        "part": parcel.seller_order,
        "timeline": timelines.of_shop(parcel.seller_order),
        "answer_form": AnswerForm() if may_answer and is_asked else None,
        "receipt_form": ReceiptForm(parcel=parcel)
        if may_answer and parcel.state == Return.State.APPROVED
        else None,
    } | forms
    status = 422 if request.method == "POST" else 200
    title = gettext("Return of %(number)s") % {"number": parcel.seller_order.number}
    return in_frame(
        model_admin, request, "admin/orders/return.html", title, context, status=status
    )


def answer_return(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Accept or refuse; who refuses says why."""
    parcel = _return(request, "refund", pk)
    form = AnswerForm(request.POST)
    is_refused = "refuse" in request.POST
    if form.is_valid() and is_refused and not form.cleaned_data["answer"]:
        form.add_error("answer", gettext("Say why."))
    if not form.is_valid():
        return one_return(model_admin, request, pk, answer_form=form)
    step = returns.reject if is_refused else returns.approve
    said = form.cleaned_data["answer"]
    return _step(request, parcel, lambda: step(parcel=parcel, answer=said, actor=request.user))


def receive(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Say what arrived: it goes back on the shelf, and its money to the buyer."""
    parcel = _return(request, "refund", pk)
    form = ReceiptForm(request.POST, parcel=parcel)
    if not form.is_valid():
        return one_return(model_admin, request, pk, receipt_form=form)
    return _step(
        request,
        parcel,
        lambda: returns.receive(
            parcel=parcel,
            lines=form.arrived(),
            refund_shipping=form.cleaned_data["delivery"],
            actor=request.user,
        ),
    )


def one_dispute(
    model_admin: ModelAdmin, request: HttpRequest, pk: str, **forms: Any
) -> HttpResponse:
    """A dispute: what the buyer says, and the shop's answer."""
    require(model_admin.has_view_permission(request))
    dispute = _dispute(request, "orders", pk)
    may_answer = Dispute.objects.managed_by(request.user, "refund").filter(pk=dispute.pk).exists()
    is_waiting = dispute.state == Dispute.State.OPEN and not dispute.answer
    context = {
        "dispute": dispute,
        "part": dispute.seller_order,
        "timeline": timelines.of_shop(dispute.seller_order),
        "form": StatementForm() if may_answer and is_waiting else None,
    } | forms
    status = 422 if request.method == "POST" else 200
    title = gettext("Dispute about %(number)s") % {"number": dispute.seller_order.number}
    return in_frame(
        model_admin, request, "admin/orders/dispute.html", title, context, status=status
    )


def answer_dispute(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    dispute = _dispute(request, "refund", pk)
    form = StatementForm(request.POST)
    if not form.is_valid():
        return one_dispute(model_admin, request, pk, form=form)
    said = form.cleaned_data["answer"]
    return _step(
        request, dispute, lambda: disputes.answer(dispute=dispute, text=said, actor=request.user)
    )


def _estimate(part: SellerOrder, wanted: dict[str, Any]) -> dict[str, Money]:
    """What the refund would come to, before anything is given back."""
    found = shares.of_lines(part, wanted["lines"])
    goods = sum(share.amount_minor for share in found)
    delivery = wanted["shipping_minor"]
    if delivery > part.shipping_left.amount:
        raise shares.RefundTooLarge(available=part.shipping_left.amount)
    fee = sum(share.commission_minor + share.commission_vat_minor for share in found)
    funded = sum(share.funded_minor for share in found)
    if not goods + delivery and not found:
        raise refunds.NothingToRefund
    amounts = {"goods": goods, "delivery": delivery, "total": goods + delivery}
    amounts |= {"fee": fee, "funded": funded, "cost": goods + delivery + funded - fee}
    return {name: Money(amount, part.order.currency) for name, amount in amounts.items()}


def _with_agreed(request: HttpRequest, part: SellerOrder, total: Money) -> RefundForm:
    sent = request.POST.copy()
    sent["refund-agreed"] = str(total.amount)
    form = RefundForm(sent, part=part)
    form.is_valid()
    return form


def _said(text: str, refund: Refund | None) -> str:
    if refund is None:
        return text
    back = gettext("%(amount)s goes back to the buyer.") % {"amount": money(refund.amount)}
    return f"{text} {back}".strip()


def _step(
    request: HttpRequest, thing: Return | Dispute, take: Callable[[], object]
) -> HttpResponse:
    try:
        result = take()
    except Refusal as refusal:
        messages.error(request, gettext(str(refusal.message)))
    else:
        made = result if isinstance(result, Refund) else None
        messages.success(request, _said(gettext("Done."), made))
    return redirect(address(f"orders_{thing._meta.model_name}_change", thing.pk))


def _return(request: HttpRequest, duty: str, pk: object) -> Return:
    rows = Return.objects.managed_by(request.user, duty).with_contents()
    return _of_own(rows, pk)


def _dispute(request: HttpRequest, duty: str, pk: object) -> Dispute:
    rows = Dispute.objects.managed_by(request.user, duty).with_contents()
    return _of_own(rows, pk)


def _of_own(rows: Any, pk: object) -> Any:
    """Another shop's and one that never was are the same: 404."""
    found = rows.filter(pk=pk).first() if str(pk).isdecimal() else None
    if found is None:
        raise Http404
    return found
