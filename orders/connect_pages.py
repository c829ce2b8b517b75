"""The sellers' pages of their account at the payment provider: on the way there, and back."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from unfold.admin import ModelAdmin

from accounts.models import Shop
from marketflow.core.errors import Refusal
from orders.gateways.protocol import Refused, Unknown
from orders.services import connecting

OVERVIEW = "seller:orders_payout_changelist"


def connect(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Where to go at the provider. A link, since a form of ours may not lead to another site."""
    shop = _owned(request, request.POST.get("shop", ""))
    back = settings.SITE_URL + reverse("seller:orders_connected", args=[shop.slug])
    try:
        url = connecting.begin(shop=shop, back=back, again=settings.SITE_URL + reverse(OVERVIEW))
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect(OVERVIEW)
    request.current_app = model_admin.admin_site.name
    frame = model_admin.admin_site.each_context(request)
    context = frame | {"title": gettext("Set up payouts"), "shop": shop, "url": url}
    return TemplateResponse(request, "admin/payouts/connect.html", context)


def connected(model_admin: ModelAdmin, request: HttpRequest, slug: str) -> HttpResponse:
    """Back from the provider, which is asked whether it is content."""
    account = _owned(request, slug).bank_accounts.in_use().first()
    try:
        is_ready = account is not None and connecting.refresh(account=account)
    except (Refused, Unknown):
        messages.error(request, connecting.NotConnected.message)
        return redirect(OVERVIEW)
    if is_ready:
        messages.success(request, gettext("Payouts are set up."))
    else:
        words = gettext("The payment provider is still checking what you told it, or wants more.")
        messages.warning(request, words)
    return redirect(OVERVIEW)


def _owned(request: HttpRequest, slug: str) -> Shop:
    """Who may say where the money goes is an owner. For everybody else there is no such page."""
    shop = Shop.objects.managed_by(request.user, "settings").filter(slug=slug).first()
    if shop is None:
        raise Http404
    return shop
