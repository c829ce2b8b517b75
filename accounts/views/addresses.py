"""Somebody's address book."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.forms.account import AddressForm
from accounts.models import Address
from accounts.pages import form_page, see_other
from accounts.services import addresses
from marketflow.core.errors import Refusal


@login_required
def book(request: HttpRequest) -> HttpResponse:
    mine = Address.objects.visible_to(request.user)
    context = {"addresses": mine, "most": Address.MOST, "is_full": mine.count() >= Address.MOST}
    return render(request, "accounts/addresses.html", context)


@login_required
def add(request: HttpRequest) -> HttpResponse:
    address = Address(user=request.user, name=request.user.name)
    return _form(request, address, done=_("The address is saved."))


@login_required
def edit(request: HttpRequest, uuid: str) -> HttpResponse:
    address = get_object_or_404(Address.objects.visible_to(request.user), uuid=uuid)
    return _form(request, address, done=_("The address is saved."))


def _form(request: HttpRequest, address: Address, *, done: str) -> HttpResponse:
    form = AddressForm(request.POST or None, instance=address)
    if request.method == "POST" and form.is_valid():
        try:
            addresses.save(address=address, is_default=form.cleaned_data["is_default"])
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, done)
            return see_other("accounts:addresses")
    return form_page(request, "accounts/address_form.html", {"form": form})


@login_required
def delete(request: HttpRequest, uuid: str) -> HttpResponse:
    address = get_object_or_404(Address.objects.visible_to(request.user), uuid=uuid)
    if request.method != "POST":
        return render(request, "accounts/address_delete.html", {"address": address})
    addresses.remove(address=address)
    messages.success(request, _("The address is deleted."))
    return see_other("accounts:addresses")


@login_required
@require_POST
def make_default(request: HttpRequest, uuid: str) -> HttpResponse:
    address = get_object_or_404(Address.objects.visible_to(request.user), uuid=uuid)
    addresses.save(address=address, is_default=True)
    messages.success(request, _("This is your default address now."))
    return see_other("accounts:addresses")
