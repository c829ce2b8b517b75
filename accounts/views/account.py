"""Somebody's own pages."""

from __future__ import annotations

from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.forms.account import NewsForm, ProfileForm, ThemeForm
from accounts.models import ApiKey, ShopInvitation
from accounts.pages import form_page, own_address, see_other
from accounts.services import api_keys, members, second_factors, sessions
from marketflow.core.errors import Refusal

YEAR = 31_536_000


@login_required
def overview(request: HttpRequest) -> HttpResponse:
    context = {
        "shops": request.user.shops.all(),
        "invitations": ShopInvitation.objects.visible_to(request.user).count(),
        "has_address": request.user.addresses.exists(),
        "new_email": EmailAddress.objects.get_new(request.user),
    }
    return render(request, "accounts/overview.html", context)


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        request.user.save(update_fields=["name"])
        messages.success(request, _("Your profile is saved."))
        return see_other("accounts:profile")
    return form_page(request, "accounts/profile.html", {"form": form})


@login_required
def preferences(request: HttpRequest) -> HttpResponse:
    form = NewsForm(request.POST if request.method == "POST" else None, instance=request.user)
    if form.is_valid():
        request.user.save(update_fields=["wants_news"])
        messages.success(request, _("Your preferences are saved."))
        return see_other("accounts:preferences")
    theme_form = ThemeForm(initial={"theme": request.COOKIES.get("theme", "system")})
    context = {"form": form, "theme_form": theme_form}
    return form_page(request, "accounts/preferences.html", context)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark in this browser; anybody may."""
    form = ThemeForm(request.POST)
    response = see_other(own_address(request, request.POST.get("next", ""), "home"))
    if not form.is_valid():
        return response
    if (choice := form.cleaned_data["theme"]) != "system":
        # Readable by the switch in the footer, which needs no request.
        response.set_cookie(
            "theme", choice, max_age=YEAR, samesite="Lax", secure=request.is_secure()
        )
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


@login_required
def security(request: HttpRequest) -> HttpResponse:
    context = {
        "new_email": EmailAddress.objects.get_new(request.user),
        "has_second_factor": second_factors.are_on(request.user),
        "devices": sessions.devices(request.user, request=request),
        "keys": ApiKey.objects.filter(made_by=request.user).usable().select_related("shop"),
    }
    return render(request, "accounts/security.html", context)


@login_required
@require_POST
def end_device(request: HttpRequest, uuid: UUID) -> HttpResponse:
    if not sessions.end(user=request.user, id=uuid):
        raise Http404
    messages.success(request, _("That device is signed out."))
    return see_other("accounts:security")


@login_required
@require_POST
def revoke_key(request: HttpRequest, uuid: UUID) -> HttpResponse:
    key = get_object_or_404(ApiKey.objects.visible_to(request.user), uuid=uuid)
    api_keys.revoke(key=key, by=request.user)
    messages.success(request, _("The key is revoked."))
    return see_other("accounts:security")


@login_required
@require_POST
def sign_out_others(request: HttpRequest) -> HttpResponse:
    sessions.end_all(request.user, but=request)
    update_session_auth_hash(request, request.user)
    messages.success(request, _("All other devices are signed out."))
    return see_other("accounts:security")


@login_required
def shops(request: HttpRequest) -> HttpResponse:
    context = {
        "memberships": request.user.memberships.select_related("shop"),
        "invitations": ShopInvitation.objects.visible_to(request.user).select_related("shop"),
    }
    return render(request, "accounts/shops.html", context)


@login_required
@require_POST
def answer_invitation(request: HttpRequest, uuid: str) -> HttpResponse:
    mine = ShopInvitation.objects.visible_to(request.user).select_related("shop")
    invitation = get_object_or_404(mine, uuid=uuid)
    if request.POST.get("answer") != "accept":
        invitation.delete()
        messages.success(request, _("The invitation is declined."))
        return see_other("accounts:shops")
    try:
        members.accept(invitation=invitation, user=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        shop = invitation.shop.name
        messages.success(request, _("You work for %(shop)s now.") % {"shop": shop})
    return see_other("accounts:shops")
