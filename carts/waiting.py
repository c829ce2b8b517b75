"""The button beside what is sold out."""

from __future__ import annotations

from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.pages import see_other
from carts.services import waiting_lines
from catalog.models import Variant
from marketflow.core.errors import Refusal


class NamedVariant(forms.Form):
    variant = forms.UUIDField()


@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Tell me when it is back. Who is not signed in does that first, and comes back here."""
    form = NamedVariant(request.POST)
    if not form.is_valid():
        raise Http404
    offered = Variant.objects.for_sale().select_related("product")
    variant = get_object_or_404(offered, uuid=form.cleaned_data["variant"])
    address = f"{variant.product.get_absolute_url()}?v={variant.uuid}"
    if not request.user.is_authenticated:
        messages.info(request, _("Sign in, and we tell you when it is back."))
        return see_other(f"{reverse('account_login')}?{urlencode({'next': address})}")
    try:
        waiting_lines.ask(user=request.user, variant=variant)
    except Refusal as refusal:
        messages.info(request, _(refusal.message))
    else:
        messages.success(request, _("We tell you when it is back."))
    return see_other(address)
