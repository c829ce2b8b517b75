"""Checkout: Delivery, Payment, Review. What was typed is kept on the cart from page to page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_countries import countries

from accounts.pages import see_other
from carts import summary
from carts.models import Cart
from carts.services import baskets, pricing
from carts.services.pricing import PricedCart
from marketflow.core.private_pages import private
from orders import gateways
from orders.forms import MethodForm
from orders.gateways.test import ASKS_FIRST, CAPTURED, DECLINED
from orders.services import drafts
from orders.services.drafts import Draft

LABELS = {
    "delivery": gettext_lazy("Delivery"),
    "payment": gettext_lazy("Payment"),
    "review": gettext_lazy("Review"),
}

Step = Callable[[HttpRequest, Cart, Draft], HttpResponse]


def step(view: Step) -> Callable[[HttpRequest], HttpResponse]:
    """A page of checkout: it gets the cart and what was typed so far; an empty cart has none."""

    @private
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        cart = baskets.find(request)
        if cart is None or not cart.lines.to_buy().of_shop(drafts.shop_of(cart)).exists():
            return see_other("carts:cart")
        return view(request, cart, drafts.read(cart, request.user))

    return guarded


@require_safe
@step
def start(request: HttpRequest, cart: Cart, draft: Draft) -> HttpResponse:
    """Go to the first step that is not finished."""
    return see_other(f"orders:{draft.next_step(price(cart, draft))}")


@require_POST
@private
def choose_shop(request: HttpRequest) -> HttpResponse:
    """Check out one shop only, named by its slug, or everything again where none is named."""
    cart = baskets.find(request)
    if cart is None:
        return see_other("carts:cart")
    slug = request.POST.get("shop", "")
    if slug and not cart.lines.to_buy().of_shop(slug).exists():
        return see_other("carts:cart")
    drafts.keep(cart, shop=slug)
    return see_other("orders:checkout")


@require_http_methods(["GET", "HEAD", "POST"])
@step
def payment(request: HttpRequest, cart: Cart, draft: Draft) -> HttpResponse:
    priced = price(cart, draft)
    if draft.next_step(priced) == "delivery":
        return see_other("orders:delivery")
    if request.method != "POST":
        initial = draft.method or gateways.enabled()[0].name
        form = MethodForm(initial={"method": initial})
        return _payment_page(request, priced, draft, form)

    form = MethodForm(request.POST)
    if not form.is_valid():
        return _payment_page(request, priced, draft, form, status=422)
    drafts.keep(cart, method=form.cleaned_data["method"])
    return see_other("orders:review")


@require_POST
@step
def remove_shop(request: HttpRequest, cart: Cart, draft: Draft) -> HttpResponse:
    """Take out what a shop can't deliver to the country that was just chosen."""
    country = request.POST.get("country", "")
    if country not in countries:
        return see_other("orders:checkout")
    baskets.send_to(cart, country=country)
    groups = pricing.price(cart, country=country).undeliverable
    gone = [group for group in groups if group.shop.slug == request.POST.get("shop")]
    baskets.change(cart, {str(line.line.uuid): 0 for group in gone for line in group.lines})
    return see_other("orders:checkout")


def price(cart: Cart, draft: Draft) -> PricedCart:
    """What `cart` costs where the draft sends it."""
    return pricing.price(cart, country=draft.country, shop=draft.shop)


def page(
    request: HttpRequest,
    name: str,
    priced: PricedCart,
    draft: Draft,
    more: dict[str, object],
    status: int = 200,
) -> HttpResponse:
    return render(
        request, f"orders/{name}.html", context(name, priced, draft) | more, status=status
    )


def context(name: str, priced: PricedCart, draft: Draft) -> dict[str, object]:
    """What every page of checkout shows: the steps, and what is bought."""
    return {
        "steps": _steps(name if name in drafts.STEPS else "review", draft.next_step(priced)),
        "cart": priced,
        "draft": draft,
        "rows": summary.rows(priced),
    }


def test_cards() -> list[tuple[str, str]]:
    """What each card of the test provider does."""
    return [
        (CAPTURED, _("is paid")),
        (DECLINED, _("is declined")),
        (ASKS_FIRST, _("asks you to confirm first")),
    ]


def _payment_page(
    request: HttpRequest, priced: PricedCart, draft: Draft, form: MethodForm, status: int = 200
) -> HttpResponse:
    more = {"form": form, "methods": gateways.enabled(), "test_cards": test_cards()}
    return page(request, "payment", priced, draft, more, status)


def _steps(here: str, first_open: str) -> list[dict[str, str]]:
    order = drafts.STEPS
    return [
        {
            "label": LABELS[name],
            "url": reverse(f"orders:{name}"),
            "state": _state(order.index(name), order.index(here), order.index(first_open)),
        }
        for name in order
    ]


def _state(position: int, here: int, first_open: int) -> str:
    if position == here:
        return "current"
    return "done" if position < first_open else "ahead"
