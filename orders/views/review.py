"""The last step of checkout: everything on one page, and the button that orders and pays."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.pages import see_other, too_many
from carts.models import Cart
from carts.services import baskets
from carts.services.pricing import PricedCart
from catalog.services.inventory import OutOfStock
from marketflow.core import rate_limits
from marketflow.core.private_pages import private
from marketflow.core.templatetags.marketflow import money
from orders import gateways
from orders.forms import NoteForm, details_form
from orders.models import Order
from orders.services import checkout, drafts
from orders.services.checkout import AlreadyOrdered, Delivery, EmptyCart, PriceChanged
from orders.services.drafts import Draft
from orders.services.promotions import UsedUp
from orders.views import access, paying, seen
from orders.views.checkout import page, price, test_cards
from orders.views.element import allow, element


@require_http_methods(["GET", "HEAD", "POST"])
@private
def review(request: HttpRequest) -> HttpResponse:
    cart = baskets.find(request)
    if request.method == "POST":
        try:
            rate_limits.count("checkout", rate_limits.address_of(request))
        except rate_limits.TooMany as refusal:
            return too_many(request, refusal)
        if ordered := _ordered_before(request):
            return _to_its_page(request, ordered)
    if cart is None or not cart.lines.to_buy().of_shop(drafts.shop_of(cart)).exists():
        return see_other("carts:cart")
    draft = drafts.read(cart, request.user)
    step = draft.next_step(price(cart, draft))
    if step != "review":
        return see_other(f"orders:{step}")
    if request.method != "POST":
        return _page(request, cart, draft)
    if "settle" in request.POST:
        baskets.settle(cart)
        return see_other("orders:review")
    return _order(request, cart, draft)


def _ordered_before(request: HttpRequest) -> Order | None:
    """The order that this very form made: sent twice, it leads to the same page.

    The cart's id is the form's key: a cart is ordered once.
    """
    mine = Cart.objects.exclude(ordered_at=None).filter(uuid=_key(request))
    if request.user.is_authenticated:
        mine = mine.filter(buyer=request.user)
    else:
        token_hash = baskets.hash_of(baskets.token_of(request))
        mine = mine.filter(buyer=None, token_hash=token_hash) if token_hash else mine.none()
    return Order.objects.filter(cart__in=mine).first()


def _key(request: HttpRequest) -> str | None:
    field = forms.UUIDField(required=False)
    try:
        return field.clean(request.POST.get("key", ""))
    except forms.ValidationError:
        return None


def _to_its_page(request: HttpRequest, order: Order) -> HttpResponse:
    access.remember(request, order)
    return see_other(order)


def _order(request: HttpRequest, cart: Cart, draft: Draft) -> HttpResponse:
    """Place the order and pay for it; or say what stands in the way, with nothing charged."""
    details = _details(price(cart, draft), draft, request.POST)
    note = NoteForm(request.POST)
    if not (details.is_valid() and note.is_valid()):
        return _page(request, cart, draft, details=details, note=note, status=422)
    again = {"note": note, "status": 409}
    if _key(request) != cart.uuid:
        words = [_("Your cart changed in another tab. This is what it holds now.")]
        return _page(request, cart, draft, changes=words, **again)
    if seen.is_draft_changed(request.POST.get("seen", ""), draft):
        words = [_("Your delivery or payment changed in another tab. This is what it is now.")]
        return _page(request, cart, draft, changes=words, **again)
    try:
        order = checkout.place_order(
            cart=cart,
            quote=request.POST.get("quote", ""),
            buyer=request.user if request.user.is_authenticated else None,
            delivery=Delivery(
                email=draft.email,
                address=draft.address,
                billing_address=draft.billing,
                note=note.cleaned_data["note"],
                shop=draft.shop,
            ),
        )
    except AlreadyOrdered as refusal:
        return _to_its_page(request, Order.objects.get(number=refusal.facts["number"]))
    except EmptyCart:
        return see_other("carts:cart")
    except checkout.Undeliverable:
        return see_other("orders:delivery")
    except PriceChanged as refusal:
        words = seen.changes(request.POST.get("seen", ""), refusal.cart)
        return _page(request, cart, draft, changes=words, **again)
    except UsedUp as refusal:
        return _page(request, cart, draft, changes=[_(refusal.message)], **again)
    except OutOfStock as refusal:
        return _without_the_missing(request, cart, draft, refusal, note)

    access.remember(request, order)
    if not order.total_minor:
        return see_other(order)
    return paying.pay(request, order, draft.method, details.cleaned_data)


def _without_the_missing(
    request: HttpRequest, cart: Cart, draft: Draft, refusal: OutOfStock, note: NoteForm
) -> HttpResponse:
    """Show the order without what sold out meanwhile: one button orders the other items."""
    missing = refusal.facts["items"]
    changes = _what_is_missing(price(cart, draft), missing)
    baskets.settle(cart)
    title = ngettext(
        "%(n)d item sold out while you were checking out",
        "%(n)d items sold out while you were checking out",
        len(missing),
    ) % {"n": len(missing)}
    more = {"changes_title": title, "changes": changes}
    if price(cart, draft).is_empty:
        return page(request, "sold_out", price(cart, draft), draft, more, status=409)
    return _page(request, cart, draft, note=note, status=409, others=True, **more)


def _what_is_missing(before: PricedCart, missing: list[dict]) -> list[str]:
    wanted = {str(line.variant.uuid): line.quantity for line in before.lines}
    sentences = []
    for item in missing:
        facts = {
            "title": item["title"],
            "left": item["available"],
            "wanted": wanted.get(item["variant"], 0),
        }
        if item["available"]:
            text = _("%(title)s: only %(left)d left, we changed %(wanted)d to %(left)d.")
        else:
            text = _("%(title)s: sold out, moved to Saved for later.")
        sentences.append(text % facts)
    return sentences


def _page(
    request: HttpRequest,
    cart: Cart,
    draft: Draft,
    *,
    status: int = 200,
    others: bool = False,
    **more: object,
) -> HttpResponse:
    """`others`: something sold out, and the button orders the rest."""
    priced = price(cart, draft)
    gateway = gateways.named(draft.method)
    everything = {
        "details": _details(priced, draft),
        "note": NoteForm(),
        "gateway": gateway,
        "test_cards": test_cards() if gateway.name == "test" and priced.total.amount else [],
        "element": element(draft.method, priced.total) if priced.total.amount else None,
        "key": cart.uuid,
        "seen": seen.carry(priced, draft),
        "hold_minutes": settings.ORDER_HOLD_MINUTES,
        "pay_label": _pay_label(priced, others=others),
    }
    response = page(request, "review", priced, draft, everything | more, status)
    return allow(response, draft.method)


def _details(priced: PricedCart, draft: Draft, data: QueryDict | None = None) -> forms.Form:
    """The provider's own fields; none where there is nothing to pay."""
    return details_form(draft.method if priced.total.amount else "", data)


def _pay_label(priced: PricedCart, *, others: bool) -> str:
    """The words of the button that moves money name the amount."""
    if not priced.total.amount:
        return _("Order the other items") if others else _("Place order")
    if others:
        text = _("Order the other items and pay %(total)s")
    else:
        text = _("Place order and pay %(total)s")
    return text % {"total": money(priced.total)}
