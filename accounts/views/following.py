"""Follow, and the page of the shops that somebody follows."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Shop, ShopFollow
from accounts.pages import lead_to, own_address, see_other
from accounts.services import following
from marketflow.core.errors import Refusal
from marketflow.core.fragments import is_partial
from marketflow.core.private_pages import private

PAGE_SIZE = 24


@require_safe
@login_required
@private
def page(request: HttpRequest) -> HttpResponse:
    follows = ShopFollow.objects.visible_to(request.user).select_related("shop")
    shown = Paginator(follows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "accounts/following.html", {"page": shown})


@require_POST
def follow(request: HttpRequest, slug: str) -> HttpResponse:
    shop = get_object_or_404(Shop.objects.visible_to(request.user), slug=slug)
    if not request.user.is_authenticated:
        following.wait_for_sign_in(request.session, shop)
        messages.info(request, _("Sign in to follow %(shop)s.") % {"shop": shop})
        return _sign_in_first(request, shop)
    try:
        following.follow(user=request.user, shop=shop)
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return lead_to(request, _here(request, shop))
    return _done(request, shop, is_followed=True)


@require_POST
def unfollow(request: HttpRequest, slug: str) -> HttpResponse:
    shop = get_object_or_404(Shop.objects.visible_to(request.user), slug=slug)
    if not request.user.is_authenticated:  # Signed out meanwhile, with the page still open.
        return _sign_in_first(request, shop)
    following.unfollow(user=request.user, shop=shop)
    return _done(request, shop, is_followed=False)


@require_POST
@login_required
def mute(request: HttpRequest, slug: str) -> HttpResponse:
    """Named `muted` or not: a second press of the same button changes nothing."""
    mine = ShopFollow.objects.visible_to(request.user).select_related("shop")
    shop = get_object_or_404(mine, shop__slug=slug).shop
    is_muted = bool(request.POST.get("muted"))
    following.mute(user=request.user, shop=shop, is_muted=is_muted)
    words = _("%(shop)s is muted.") if is_muted else _("You hear of new items of %(shop)s again.")
    messages.success(request, words % {"shop": shop})
    return see_other(_here(request, shop))


def _sign_in_first(request: HttpRequest, shop: Shop) -> HttpResponse:
    query = urlencode({"next": _here(request, shop)})
    return lead_to(request, f"{reverse('account_login')}?{query}")


def _done(request: HttpRequest, shop: Shop, *, is_followed: bool) -> HttpResponse:
    here = _here(request, shop)
    words = _("You follow %(shop)s.") if is_followed else _("You no longer follow %(shop)s.")
    text = words % {"shop": shop}
    if is_partial(request):
        context = {"shop": shop, "is_followed": is_followed, "here": here}
        response = render(request, "accounts/_follow.html", context)
        link = {"href": reverse("accounts:following"), "action": _("View")} if is_followed else {}
        response["HX-Trigger"] = json.dumps({"toast": {"text": text} | link})
        return response
    messages.success(request, text)
    return see_other(here)


def _here(request: HttpRequest, shop: Shop) -> str:
    """The page on which the button was pressed."""
    return own_address(request, request.POST.get("next", ""), shop.get_absolute_url())
