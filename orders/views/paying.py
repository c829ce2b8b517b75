"""Paying an order that is placed: at once, again after a refusal, after the bank's question."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.pages import see_other
from carts.summary import title
from marketflow.core.errors import Refusal
from marketflow.core.money import Money
from orders import gateways
from orders.forms import MethodForm, details_form
from orders.models import InvalidTransition, Order, Payment
from orders.services import payments
from orders.views.access import of_the_buyer
from orders.views.checkout import test_cards
from orders.views.element import allow, element

WHY = {
    "card_declined": gettext_lazy("The bank declined the card. Try another one."),
    "insufficient_funds": gettext_lazy("The card does not have enough money. Try another one."),
    "expired_card": gettext_lazy("The card has expired. Try another one."),
    "incorrect_cvc": gettext_lazy("The security code of the card is not right. Try again."),
    "processing_error": gettext_lazy("The bank could not process the card. Try again."),
    "provider_refused": gettext_lazy("This way to pay does not work now. Choose another one."),
    "card_not_accepted": gettext_lazy("This is none of the test cards. Use one of those below."),
    "authentication_refused": gettext_lazy("The payment was not confirmed."),
    "abandoned": gettext_lazy("The payment was not confirmed."),
    "not_started": gettext_lazy("The payment did not reach the bank. Nothing was charged."),
}


def pay(
    request: HttpRequest, order: Order, method: str, details: Mapping[str, str]
) -> HttpResponse:
    """Try it, and lead to where the answer stands."""
    try:
        payment = payments.start(order=order, method=method, details=details)
    except Refusal as refusal:
        messages.warning(request, _(refusal.message))
        return see_other(order)
    if payment.state == Payment.State.FAILED:
        return see_other("orders:pay", order.number)
    # A form may not lead to another site, says the policy of our pages: there a link does.
    if payment.state == Payment.State.REQUIRES_ACTION and payment.action_url.startswith("/"):
        return see_other(payment.action_url)
    return see_other(order)


@require_http_methods(["GET", "HEAD", "POST"])
@of_the_buyer
def pay_again(request: HttpRequest, order: Order) -> HttpResponse:
    """The payment form of an order whose hold still runs."""
    if not order.is_payable:
        return see_other(order)
    last = order.payments.first()
    method = request.POST.get("method") or _method_of(last)
    choice = MethodForm({"method": method})
    details = details_form(method, request.POST if request.method == "POST" else None)
    if request.method == "POST" and choice.is_valid() and details.is_valid():
        return pay(request, order, method, details.cleaned_data)
    context = {
        "order": order,
        "choice": choice,
        "details": details,
        "methods": gateways.enabled(),
        "method": method,
        "test_cards": test_cards() if method == "test" else [],
        "element": element(method, order.total),
        "reason": why(last),
        "rows": amounts(order),
    }
    is_wrong = request.method == "POST"
    response = render(request, "orders/pay.html", context, status=422 if is_wrong else 200)
    return allow(response, method)


@require_http_methods(["GET", "HEAD", "POST"])
@of_the_buyer
def confirm(request: HttpRequest, order: Order, payment: str) -> HttpResponse:
    """What a bank would ask, asked by the test provider. It moves no money."""
    asked = order.payments.filter(uuid=payment, provider="test").first()
    gateway = gateways.named("test")
    if asked is None or gateway is None:
        raise Http404
    if asked.state != Payment.State.REQUIRES_ACTION:
        return see_other(order)
    if request.method != "POST":
        return render(request, "orders/confirm_payment.html", {"order": order, "payment": asked})

    outcome = gateway.confirm(asked, approve="approve" in request.POST)
    try:
        asked = payments.settle(payment=asked, outcome=outcome)
    except InvalidTransition as late:
        messages.warning(request, _(late.message))
    if asked.state == Payment.State.FAILED:
        return see_other("orders:pay", order.number)
    return see_other(order)


@require_safe
@of_the_buyer
def returned(request: HttpRequest, order: Order, payment: str) -> HttpResponse:
    """Back from the bank: what it decided is asked of the provider, not read from the address."""
    attempt = order.payments.filter(uuid=payment).first()
    if attempt is None:
        raise Http404
    if attempt.state in (Payment.State.REQUIRES_ACTION, Payment.State.PROCESSING):
        attempt = payments.ask(payment=attempt)
    if attempt.state == Payment.State.FAILED:
        return see_other("orders:pay", order.number)
    return see_other(order)


@require_POST
@of_the_buyer
def check(request: HttpRequest, order: Order) -> HttpResponse:
    """Ask the provider what became of a payment whose answer has not come."""
    payments.ask_again(order=order)
    return see_other(order)


def why(payment: Payment | None) -> str:
    """Why a payment failed, in words; empty where none did."""
    if payment is None or payment.state != Payment.State.FAILED:
        return ""
    return str(WHY.get(payment.failure, _("The payment failed. Nothing was charged.")))


def amounts(order: Order) -> list[dict[str, object]]:
    """The rows of an order's summary: full prices, then what promotions took off."""
    uses = list(order.redemptions.all())
    off = sum(use.discount_minor for use in uses)
    full_delivery = order.shipping_minor + off - order.discount_minor
    return [
        {"label": _("Items"), "amount": order.goods},
        {"label": _("Delivery"), "amount": Money(full_delivery, order.currency)},
        *({"label": title(use), "amount": -use.discount} for use in uses),
    ]


def _method_of(last: Payment | None) -> str:
    names = [gateway.name for gateway in gateways.enabled()]
    return last.provider if last and last.provider in names else names[0]
