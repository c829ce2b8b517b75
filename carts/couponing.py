"""Coupons on the cart page: a field in each shop's panel and one for the market."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.pages import see_other
from carts import views
from carts.models import Cart
from carts.services import baskets, coupons
from marketflow.core import rate_limits, time_zones
from marketflow.core.errors import Refusal
from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import money

LONGEST = 60
NOTHING_TYPED = gettext_lazy("Enter a code")


@require_POST
def apply(request: HttpRequest) -> HttpResponse:
    """Try a code. What is wrong with it stands beside the field, with the code kept."""
    mine = baskets.find(request)
    if mine is None:
        return see_other("carts:cart")
    typed = request.POST.get("code", "")[:LONGEST]
    if not typed.strip():
        return _wrong(request, mine, typed, str(NOTHING_TYPED), 422)
    try:
        rate_limits.count("coupon", rate_limits.address_of(request))
        mine = coupons.apply(cart=mine, code=typed)
    except rate_limits.TooMany as refusal:
        response = _wrong(request, mine, typed, _when(refusal), 429)
        response["Retry-After"] = str(refusal.retry_after)
        return response
    except Refusal as refusal:
        return _wrong(request, mine, typed, _in_words(refusal), 409)
    return views.done(request, mine)


@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    mine = baskets.find(request)
    if mine is None:
        return see_other("carts:cart")
    return views.done(request, coupons.remove(cart=mine, code=request.POST.get("code", "")))


def _wrong(request: HttpRequest, mine: Cart, typed: str, error: str, status: int) -> HttpResponse:
    at = request.POST.get("at", "")
    has_field = mine.lines.to_buy().filter(variant__product__shop__slug=at).exists()
    wrong = {"at": at if has_field else "", "typed": typed, "error": error}
    return views.page(request, mine, {"coupon": wrong}, status)


def _when(refusal: rate_limits.TooMany) -> str:
    again = now() + timedelta(seconds=refusal.retry_after + 59)
    return _("Too many attempts. Try again at %(time)s") % {
        "time": time_zones.in_words(again, "H:i")
    }


def _in_words(refusal: Refusal) -> str:
    missing = refusal.facts.get("missing")
    if not missing:
        return _(refusal.message)
    words = _("Add %(amount)s of what this code is for to use it.")
    return words % {"amount": money(Money(**missing))}
