"""The first step of checkout: who, where to, and how each shop sends its part."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_countries import countries

from accounts.models import Address
from accounts.pages import see_other
from accounts.services import addresses
from carts.forms import ShippingForm
from carts.models import Cart
from carts.services import baskets, pricing
from carts.services.pricing import PricedCart
from marketflow.core.fragments import render_page
from orders.forms import (
    ANOTHER,
    BillingAddressForm,
    BillingForm,
    ContactForm,
    DeliveryAddressForm,
    KeepAddressForm,
    SavedAddressForm,
)
from orders.services import drafts
from orders.services.drafts import Draft
from orders.views.checkout import context, price, step


@dataclass
class Forms:
    """The forms of the page. A guest has no `saved` and no `keep`; a buyer types no `contact`."""

    address: DeliveryAddressForm
    billing: BillingForm
    billing_address: BillingAddressForm
    contact: ContactForm | None = None
    saved: SavedAddressForm | None = None
    keep: KeepAddressForm | None = None

    @property
    def is_typed(self) -> bool:
        """Whether the address is typed, not chosen from the book."""
        return self.saved is None or self.saved["saved"].value() in (ANOTHER, None)

    @property
    def is_billed_there(self) -> bool:
        """Whether the invoice is for whom the parcel is for."""
        return bool(self.billing["same"].value())

    @property
    def counting(self) -> list[forms.Form]:
        """Those whose errors matter."""
        address = [self.address, self.keep] if self.is_typed else []
        billing = [] if self.is_billed_there else [self.billing_address]
        return [form for form in [self.contact, self.saved, *address, *billing] if form]

    @property
    def wrong(self) -> list[forms.Form]:
        return [form for form in self.counting if form.is_bound and form.errors]

    @property
    def country(self) -> str:
        """Where the page sends it, typed or chosen, whatever else is still missing."""
        if self.is_typed:
            country = str(self.address["country"].value() or "")
            return country if country in countries else ""
        chosen = self.saved["saved"].value()
        return next((str(a.country) for a in self.saved.book if str(a.uuid) == chosen), "")


@require_http_methods(["GET", "HEAD", "POST"])
@step
def delivery(request: HttpRequest, cart: Cart, draft: Draft) -> HttpResponse:
    if request.method != "POST":
        typed = _blank_forms(request, draft, _known(request, cart, draft))
        return _page(request, price(cart, draft), draft, typed)
    if "update" in request.POST or _asks_for_billing(request):
        # Something else was chosen: show what it costs and asks for. Nothing is checked yet.
        typed = _blank_forms(request, draft, request.POST.dict())
        return _page(request, _posted(request, cart, typed.country), draft, typed)

    typed = _filled_forms(request)
    if typed.wrong:
        priced = _posted(request, cart, typed.country)
        return _page(request, priced, draft, typed, status=422)
    shown = _posted(request, cart, request.POST.get("shown_for", ""))
    draft = _keep(request, cart, typed)
    priced = price(cart, draft)
    if priced.undeliverable:
        return _page(request, priced, draft, typed, status=409)
    if shown.shipping != priced.shipping:
        # The options on the page were those of another country.
        messages.info(request, _("Delivery there costs something else. Look at it once more."))
        return see_other("orders:delivery")
    return see_other("orders:review" if draft.method else "orders:payment")


def _asks_for_billing(request: HttpRequest) -> bool:
    """Whether the tick was taken away on a page that had no fields for another address yet."""
    return not request.POST.get("same") and "billing-line1" not in request.POST


def _known(request: HttpRequest, cart: Cart, draft: Draft) -> dict[str, str]:
    """What the form begins with."""
    billing = {f"billing-{name}": value for name, value in draft.billing.items()}
    billing["same"] = "" if billing else "on"
    if draft.address_id:
        begins = {"saved": draft.address_id, "country": draft.country, "name": request.user.name}
        return begins | billing
    begins = {
        "country": str(cart.country),
        "postcode": cart.postcode,
        "name": getattr(request.user, "name", ""),
    }
    return begins | dict(draft.address) | {"email": draft.email} | billing


def _blank_forms(request: HttpRequest, draft: Draft, initial: dict[str, str]) -> Forms:
    """Forms that nobody has sent yet, with what is known filled in."""
    known = {name: value for name, value in initial.items() if value}
    book = _book(request)
    is_typed = draft.address and not draft.address_id
    begins_with = ANOTHER if is_typed else str(book[0].uuid) if book else ""
    known.setdefault("saved", begins_with)
    is_guest = not request.user.is_authenticated
    billing = {
        name.removeprefix("billing-"): value
        for name, value in known.items()
        if name.startswith("billing-")
    }
    return Forms(
        address=DeliveryAddressForm(initial=known),
        billing=BillingForm(initial={"same": "same" in known}),
        billing_address=BillingAddressForm(initial=billing),
        contact=ContactForm(initial=known) if is_guest else None,
        saved=SavedAddressForm(initial=known, book=book) if book else None,
        keep=None if is_guest else KeepAddressForm(initial={"keep": "keep" in known or not book}),
    )


def _filled_forms(request: HttpRequest) -> Forms:
    data: QueryDict = request.POST
    book = _book(request)
    is_guest = not request.user.is_authenticated
    return Forms(
        address=DeliveryAddressForm(data),
        billing=BillingForm(data),
        billing_address=BillingAddressForm(data),
        contact=ContactForm(data) if is_guest else None,
        saved=SavedAddressForm(data, book=book) if book else None,
        keep=None if is_guest else KeepAddressForm(data),
    )


def _book(request: HttpRequest) -> list[Address]:
    return list(Address.objects.visible_to(request.user))


def _posted(request: HttpRequest, cart: Cart, country: str) -> PricedCart:
    """The cart as it would go to `country` by the options that were posted."""
    shop = drafts.shop_of(cart)
    options = ShippingForm(request.POST, pricing.price(cart, country=country, shop=shop))
    chosen = cart.shipping | options.shipping
    return pricing.price(cart, country=country, shipping=chosen, shop=shop)


def _keep(request: HttpRequest, cart: Cart, typed: Forms) -> Draft:
    """Write down what was typed, and which options were chosen."""
    email = typed.contact.cleaned_data["email"] if typed.contact else ""
    if typed.is_typed:
        address = typed.address.instance
        values = {"address": address.snapshot(), "address_id": ""}
        if typed.keep and typed.keep.cleaned_data["keep"]:
            values["address_id"] = _into_the_book(request, address)
    else:
        values = {"address": {}, "address_id": typed.saved.cleaned_data["saved"]}
    values["billing"] = {} if typed.is_billed_there else typed.billing_address.instance.snapshot()
    drafts.keep(cart, email=email, **values)
    draft = drafts.read(cart, request.user)
    baskets.send_to(cart, country=draft.country, postcode=draft.address.get("postcode", ""))
    baskets.choose_shipping(cart, _options(request, cart, draft))
    cart.refresh_from_db()
    return draft


def _options(request: HttpRequest, cart: Cart, draft: Draft) -> dict[str, str]:
    return ShippingForm(request.POST, price(cart, draft)).shipping


def _into_the_book(request: HttpRequest, address: Address) -> str:
    """The id it has there; none where the book is full."""
    address.user = request.user
    try:
        addresses.save(address=address)
    except addresses.AddressBookFull as refusal:
        messages.info(request, refusal.message)
        return ""
    return str(address.uuid)


def _page(
    request: HttpRequest, priced: PricedCart, draft: Draft, typed: Forms, status: int = 200
) -> HttpResponse:
    more = {"typed": typed, "another": ANOTHER}
    everything = context("delivery", priced, draft) | more
    return render_page(
        request, "orders/delivery.html", "orders/_delivery.html", everything, status
    )
