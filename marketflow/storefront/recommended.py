"""What is recommended to the visitor: a page, and the shelf that home and cart ask for later."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics.services import tastes
from carts.services import baskets
from catalog.services import recommendations
from catalog.services.recommendations import Recommended, as_cards
from marketflow.core.fragments import render_page
from marketflow.core.private_pages import private

A_SHELF = 5


@require_safe
@private
def recommended(request: HttpRequest) -> HttpResponse:
    """For the visitor, by what they bought and wished for; with `of=cart`, by what lies in it."""
    is_of_cart = request.GET.get("of") == "cart"
    found = _with_the_cart(request) if is_of_cart else tastes.for_person(request.user)
    context = {
        "products": as_cards(found[:A_SHELF] if is_of_cart else found),
        "title": _("Often bought together") if is_of_cart else _("Recommended for you"),
    }
    return render_page(request, "catalog/recommended.html", "catalog/_recommended.html", context)


def _with_the_cart(request: HttpRequest) -> list[Recommended]:
    cart = baskets.find(request)
    lines = list(cart.lines.to_buy().values_list("variant__product", flat=True)) if cart else []
    return recommendations.beside(set(lines), most=A_SHELF) if lines else []
