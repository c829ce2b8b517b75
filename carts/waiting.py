"""The button beside what is sold out, and how guests use it: by mail."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms.words import say_email
from accounts.pages import form_page, see_other, too_many
from carts.services import guest_waits, waiting_lines
from catalog.models import Variant
from marketflow.core import rate_limits
from marketflow.core.errors import Refusal
from marketflow.core.forms import PlainSpeech
from marketflow.core.private_pages import private


class NamedVariant(forms.Form):
    variant = forms.UUIDField()


class MailboxForm(PlainSpeech, forms.Form):
    email = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=254)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        say_email(self.fields["email"])
        self.fields["email"].help_text = _("For this one mail, then we forget it.")


@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Tell me when it is back. Who is not signed in is asked for an address."""
    form = NamedVariant(request.POST)
    if not form.is_valid():
        raise Http404
    variant = _offered(form.cleaned_data["variant"])
    if not request.user.is_authenticated:
        return see_other("carts:tell_guest", variant.uuid)
    try:
        waiting_lines.ask(user=request.user, variant=variant)
    except Refusal as refusal:
        messages.info(request, _(refusal.message))
    else:
        messages.success(request, _("We tell you when it is back."))
    return see_other(_page_of(variant))


@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """Do not tell me, after all. Guests do it by the link in their mail."""
    form = NamedVariant(request.POST)
    if not form.is_valid():
        raise Http404
    seen = Variant.objects.visible_to(request.user).select_related("product")
    variant = get_object_or_404(seen, uuid=form.cleaned_data["variant"])
    if request.user.is_authenticated:
        waiting_lines.leave(user=request.user, variant=variant)
        messages.success(request, _("We do not tell you of it."))
    return see_other(_page_of(variant))


@require_http_methods(["GET", "HEAD", "POST"])
@private
def ask_as_guest(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The answer is the same whether the address waits already, has an account, or neither."""
    variant = _offered(uuid)
    if request.user.is_authenticated:
        return see_other(_page_of(variant))
    form = MailboxForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {"form": form, "variant": variant, "page": _page_of(variant)}
        return form_page(request, "carts/tell_guest.html", context)
    email = form.cleaned_data["email"]
    try:
        rate_limits.count("tell_guest", rate_limits.address_of(request))
        rate_limits.count("tell_guest", f"mail:{rate_limits.account_of(email)}")
        guest_waits.ask(email=email, variant=variant)
    except rate_limits.TooMany as refusal:
        return too_many(request, refusal)
    except Refusal as refusal:
        messages.info(request, _(refusal.message))
    else:
        messages.success(request, _("Look into your mail: the link in it lets us tell you."))
    return see_other(_page_of(variant))


@require_http_methods(["GET", "HEAD", "POST"])
@private
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the link confirms nothing yet, because scanners of mail open every link."""
    found = guest_waits.find(token)
    if found is None:
        raise Http404
    if request.method == "POST":
        guest_waits.confirm(found)
        messages.success(request, _("We tell you when it is back."))
        return see_other(_page_of(found.variant))
    return render(request, "carts/confirm_wait.html", {"variant": found.variant})


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@private
def end(request: HttpRequest, token: str) -> HttpResponse:
    """The signed link is the proof: mail programs have no session. Opening it ends nothing."""
    mailbox = guest_waits.mailbox_in(token)
    if not mailbox:
        raise Http404
    is_done = request.method == "POST"
    if is_done:
        guest_waits.end(mailbox)
    return render(request, "carts/end_waits.html", {"is_done": is_done})


def _offered(uuid: UUID) -> Variant:
    return get_object_or_404(Variant.objects.for_sale().select_related("product"), uuid=uuid)


def _page_of(variant: Variant) -> str:
    return f"{variant.product.get_absolute_url()}?v={variant.uuid}"
