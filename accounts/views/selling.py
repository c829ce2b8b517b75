"""Becoming a seller."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.forms.selling import ShopApplicationForm
from accounts.models import Shop
from accounts.pages import form_page, see_other, too_many
from accounts.services import shop_drafts, shops
from marketflow.core import fragments, rate_limits
from marketflow.core.errors import Refusal
from marketflow.core.money import Money


def landing(request: HttpRequest) -> HttpResponse:
    has_shop = request.user.is_authenticated and request.user.memberships.exists()
    context = {
        "has_shop": has_shop,
        "commission": f"{float(settings.MARKETPLACE_COMMISSION):g}",
        "example": _example_sale(),
    }
    return render(request, "accounts/selling/landing.html", context)


def _example_sale() -> dict[str, Money]:
    price = Money(4000, settings.MARKETPLACE_CURRENCY)
    share = settings.MARKETPLACE_COMMISSION / 100
    commission, kept = price.split([share.numerator, share.denominator - share.numerator])
    return {"price": price, "commission": commission, "kept": kept}


@login_required
def start(request: HttpRequest) -> HttpResponse:
    """A new application, or the refused one with what was typed in it."""
    mine = Shop.objects.managed_by(request.user, "settings")
    if mine.filter(state=Shop.State.APPLIED).exists() and request.method != "POST":
        return see_other("sell_status")
    refused = mine.filter(state=Shop.State.REFUSED).first()
    draft = shop_drafts.find(request.user)
    initial = {"email": request.user.email, "legal_name": request.user.name}
    initial |= draft.values if draft else {}
    form = ShopApplicationForm(request.POST or None, instance=refused, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            rate_limits.count("apply_for_shop", f"user:{request.user.pk}")
            _send(request, form, refused)
        except rate_limits.TooMany as refusal:
            return too_many(request, refusal)
        except Refusal as refusal:
            form.add_error("slug" if refusal.code == "slug_taken" else None, refusal.message)
        else:
            return see_other("sell_status")
    if form.is_bound:
        # It can't be sent as it is; what was typed is kept all the same.
        draft = shop_drafts.save(user=request.user, values=form.typed(request.POST))
    context = {"form": form, "refused": refused, "draft": draft}
    return form_page(request, "accounts/selling/start.html", context)


@login_required
@require_POST
def save_draft(request: HttpRequest) -> HttpResponse:
    """Keep what is typed so far, unchecked: to go on later, in another browser too."""
    try:
        rate_limits.count("save_draft", f"user:{request.user.pk}")
    except rate_limits.TooMany as refusal:
        return too_many(request, refusal)
    values = ShopApplicationForm.typed(request.POST)
    draft = shop_drafts.save(user=request.user, values=values)
    if fragments.is_partial(request):
        return render(request, "accounts/selling/_draft_state.html", {"draft": draft})
    messages.success(request, _("Draft saved. Come back to it within 90 days."))
    return see_other("sell_start")


def _send(request: HttpRequest, form: ShopApplicationForm, refused: Shop | None) -> None:
    if refused:
        shops.apply_again(shop=refused, **form.details())
    else:
        shops.apply(user=request.user, **form.details())
    shop_drafts.forget(user=request.user)


@login_required
def status(request: HttpRequest) -> HttpResponse:
    mine = Shop.objects.managed_by(request.user)
    return render(request, "accounts/selling/status.html", {"shops": mine})


def slug_state(request: HttpRequest) -> HttpResponse:
    """Whether an address in the market is free: a hint beside the field, never an obstacle."""
    slug = slugify(request.GET.get("slug") or request.GET.get("name", ""))[:90]
    is_free = bool(slug) and not Shop.objects.filter(slug=slug).exists()
    context = {"slug": slug, "is_free": is_free}
    return render(request, "accounts/selling/_slug_state.html", context)
