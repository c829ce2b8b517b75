"""Hearts, and the page of what they saved."""

from __future__ import annotations

import json
from urllib.parse import urlencode, urlsplit, urlunsplit

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.pages import lead_to, own_address, see_other
from carts.models import WishListItem
from carts.services import baskets, wish_list
from catalog.models import Product
from marketflow.core.errors import Refusal
from marketflow.core.fragments import is_partial
from marketflow.core.private_pages import private

PAGE_SIZE = 24


class NamedProduct(forms.Form):
    product = forms.SlugField(max_length=220, allow_unicode=True)


@require_safe
@login_required
@private
def page(request: HttpRequest) -> HttpResponse:
    items = WishListItem.objects.visible_to(request.user).still_sold().with_cards()
    paginator = Paginator(items, PAGE_SIZE)
    shown = paginator.get_page(request.GET.get("page"))
    wished = wish_list.ids(request.user)
    context = {
        "page": shown,
        "products": [item.product for item in shown],
        "wished": wished,
        "gone": len(wished) - paginator.count,
        "removed": _just_removed(request),
    }
    return render(request, "carts/wish_list.html", context)


@require_POST
def press(request: HttpRequest) -> HttpResponse:
    """The heart of a product: save it, or take it off again."""
    product = _named(request, request.POST)
    if not request.user.is_authenticated:
        return _sign_in_first(request, product)
    try:
        is_saved = wish_list.toggle(user=request.user, product=product)
    except Refusal as refusal:
        messages.error(request, _(refusal.message))
        return lead_to(request, reverse("carts:wish_list"))
    return _pressed(request, product, is_saved)


@require_POST
@login_required
def move_to_cart(request: HttpRequest) -> HttpResponse:
    product = _named(request, request.POST)
    try:
        cart = baskets.find_or_open(request)
        wish_list.move_to_cart(user=request.user, product=product, cart=cart)
    except wish_list.NeedsChoice:
        return see_other(product)
    except Refusal as refusal:
        messages.error(request, _(refusal.message))
    else:
        messages.success(request, _("%(title)s is in your cart.") % {"title": product})
    return see_other("carts:wish_list")


def _named(request: HttpRequest, data) -> Product:
    form = NamedProduct(data)
    if not form.is_valid():
        raise Http404
    return get_object_or_404(
        wish_list.within_reach(request.user), slug=form.cleaned_data["product"]
    )


def _sign_in_first(request: HttpRequest, product: Product) -> HttpResponse:
    wish_list.wait_for_sign_in(request.session, product)
    messages.info(request, _("Sign in to save %(title)s.") % {"title": product})
    query = urlencode({"next": _here(request)})
    return lead_to(request, f"{reverse('account_login')}?{query}")


def _pressed(request: HttpRequest, product: Product, is_saved: bool) -> HttpResponse:
    if is_partial(request):
        context = {"product": product, "wished": [product.pk] if is_saved else [], "swap": True}
        response = render(request, "catalog/_heart.html", context)
        response["HX-Trigger"] = json.dumps({"toast": _toast(product, is_saved)})
        return response
    here, my_list = _here(request), reverse("carts:wish_list")
    if not is_saved and urlsplit(here).path == my_list:
        # Its card is gone from this page: undoing needs a button.
        return see_other(f"{my_list}?{urlencode({'removed': product.slug})}")
    words = _("%(title)s is on your wish list.") if is_saved else _("%(title)s was removed.")
    messages.success(request, words % {"title": product})
    return see_other(here)


def _toast(product: Product, is_saved: bool) -> dict[str, object]:
    if is_saved:
        return {"text": _("Saved"), "href": reverse("carts:wish_list"), "action": _("View")}
    press = {"form": "wish", "name": "product", "value": product.slug}
    return {"text": _("Removed"), "press": press, "action": _("Undo")}


def _here(request: HttpRequest) -> str:
    """The page on which the heart was pressed."""
    address = urlsplit(own_address(request, request.headers.get("Referer", ""), "home"))
    return urlunsplit(("", "", address.path or "/", address.query, ""))


def _just_removed(request: HttpRequest) -> Product | None:
    """What the last request took off, so that it can be put back."""
    form = NamedProduct({"product": request.GET.get("removed", "")})
    if not form.is_valid():
        return None
    products = wish_list.within_reach(request.user).filter(slug=form.cleaned_data["product"])
    return products.exclude(pk__in=wish_list.ids(request.user)).first()
