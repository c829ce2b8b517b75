"""The cart page. Reading it writes nothing; every change is a POST."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django_countries import countries

from accounts.pages import own_address, see_other
from carts import summary
from carts.forms import AddForm, LinesForm, PlaceForm
from carts.models import Cart, CartLine
from carts.services import baskets, pricing
from catalog.models import Variant
from catalog.services import choices
from catalog.services.inventory import OutOfStock
from marketflow.core.errors import Refusal
from marketflow.core.fragments import is_partial, render_page
from marketflow.core.private_pages import private
from marketflow.core.templatetags.marketflow import money

# Where the visitor said they are, on any page; a cart that is new goes there.
COUNTRY_COOKIE = "country"


@require_safe
@private
def cart(request: HttpRequest) -> HttpResponse:
    return page(request, baskets.find(request), {"removed": _just_removed(request)})


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    form = AddForm(request.POST)
    form.full_clean()
    variants = Variant.objects.visible_to(request.user).select_related("product__shop", "image")
    variant = get_object_or_404(variants, uuid=form.cleaned_data.get("variant"))
    if form.errors:
        return _not_added(request, variant, _("Enter a number from 1 to 999."))
    chosen = choices.posted(variant, request.POST)
    if chosen is None:
        return _not_added(request, variant, _("It is not made in this combination."))
    variant = chosen
    try:
        mine = _where_the_visitor_is(request, baskets.find_or_open(request))
        line = baskets.add(mine, variant, form.cleaned_data["quantity"] or 1)
    except Refusal as refusal:
        return _not_added(request, variant, _in_words(refusal))
    return baskets.remember(request, _added(request, mine, line, variant))


@require_POST
def update(request: HttpRequest) -> HttpResponse:
    """All quantities and delivery options at once; what was wrong is said at its line."""
    mine = baskets.find(request)
    if mine is None:
        return see_other("carts:cart")
    form = LinesForm(request.POST, pricing.price(mine))
    if form.line_errors or form.note_errors:
        return page(request, mine, {"form": form, "errors": form.line_errors}, status=422)
    try:
        baskets.change(mine, form.quantities)
    except (OutOfStock, baskets.NotForSale) as refusal:
        errors = {_line_of(mine, refusal): _in_words(refusal)}
        return page(request, mine, {"form": form, "errors": errors}, status=409)
    baskets.choose_shipping(mine, form.shipping)
    if form.notes:
        baskets.write_notes(mine, form.notes)
    mine.refresh_from_db()
    return done(request, mine)


@require_POST
def remove(request: HttpRequest, line: str) -> HttpResponse:
    mine = baskets.find(request)
    gone = mine.lines.filter(uuid=line).select_related("variant").first() if mine else None
    if gone is None:
        return see_other("carts:cart")
    baskets.change(mine, {str(gone.uuid): 0})
    return see_other(f"{reverse('carts:cart')}?removed={gone.variant.uuid}&n={gone.quantity}")


@require_POST
def save_for_later(request: HttpRequest, line: str) -> HttpResponse:
    return _move(request, line, saved=True)


@require_POST
def take_back(request: HttpRequest, line: str) -> HttpResponse:
    return _move(request, line, saved=False)


@require_POST
def settle(request: HttpRequest) -> HttpResponse:
    """The buyer has read what changed: fit the cart to it."""
    mine = baskets.find(request)
    if mine:
        baskets.settle(mine)
    return see_other("carts:cart")


@require_POST
def choose_place(request: HttpRequest) -> HttpResponse:
    mine = baskets.find(request)
    if mine is None:
        return see_other("carts:cart")
    form = PlaceForm(request.POST)
    if not form.is_valid():
        return page(request, mine, {"place": form}, status=422)
    baskets.send_to(mine, **form.cleaned_data)
    response = see_other("carts:cart")
    country, a_year = form.cleaned_data["country"], 365 * 86_400
    is_secure = request.is_secure()
    response.set_cookie(COUNTRY_COOKIE, country, max_age=a_year, samesite="Lax", secure=is_secure)
    return response


def _where_the_visitor_is(request: HttpRequest, mine: Cart) -> Cart:
    country = request.COOKIES.get(COUNTRY_COOKIE, "")
    if not mine.country and country in countries:
        baskets.send_to(mine, country=country)
    return mine


def _move(request: HttpRequest, line: str, *, saved: bool) -> HttpResponse:
    mine = baskets.find(request)
    if mine:
        baskets.save_for_later(mine, line, saved=saved)
    return see_other("carts:cart")


def page(
    request: HttpRequest, mine: Cart | None, more: dict[str, object], status: int = 200
) -> HttpResponse:
    priced = pricing.price(mine)
    places = _coupons(priced, more.get("coupon", {}))
    context = {
        "cart": priced,
        "cart_size": priced.size,
        "groups": _rows(priced, places, more),
        "places": places.values(),
        "market_place": places[""],
        "place": PlaceForm.of(priced),
        "country_name": countries.name(priced.country),
        "rows": summary.rows(priced),
    }
    return render_page(request, "carts/cart.html", "carts/_cart.html", context | more, status)


def _rows(
    priced: pricing.PricedCart, places: dict[str, dict], more: dict[str, object]
) -> list[dict[str, object]]:
    """Each shop with its lines, what was typed for them and what was wrong with it."""
    form, errors = more.get("form"), more.get("errors", {})
    return [
        {
            "priced": group,
            "place": places[group.shop.slug],
            "lines": [
                {
                    "priced": line,
                    "field": f"quantity-{line.line.uuid}",
                    "typed": _typed(form, line),
                    "error": errors.get(str(line.line.uuid), ""),
                }
                for line in group.lines
            ],
            "note": _note(form, group, priced),
        }
        for group in priced.groups
    ]


def _typed(form: LinesForm | None, line: pricing.PricedLine) -> str:
    name = f"quantity-{line.line.uuid}"
    return form.data.get(name, line.quantity) if form else line.quantity


def _note(
    form: LinesForm | None, group: pricing.PricedGroup, priced: pricing.PricedCart
) -> dict[str, str]:
    """What the shop's seller shall read, as it was typed where that was too long."""
    slug = group.shop.slug
    kept = priced.cart.notes.get(slug, "")
    if form is None:
        return {"text": kept, "error": ""}
    text = form.data.get(f"note-{slug}", kept)
    return {"text": text, "error": form.note_errors.get(slug, "")}


def _coupons(priced: pricing.PricedCart, wrong: dict[str, str]) -> dict[str, dict[str, object]]:
    """A place for coupons by the shop's slug, and one for the market under no slug."""
    places: dict[str, dict[str, object]] = {}
    for at in ["", *(group.shop.slug for group in priced.groups)]:
        mine = wrong if wrong.get("at") == at else {}
        places[at] = {
            "at": at,
            "form": f"coupon-{at or 'market'}",
            "typed": mine.get("typed", ""),
            "error": mine.get("error", ""),
            "coupons": [],
        }
    for coupon in priced.coupons:
        slug = coupon.shop.slug if coupon.shop else ""
        places.get(slug, places[""])["coupons"].append(coupon)
    return places


def _just_removed(request: HttpRequest) -> dict[str, object] | None:
    """What the last request took out, so that it can be put back."""
    form = AddForm({"variant": request.GET.get("removed"), "quantity": request.GET.get("n")})
    if "removed" not in request.GET or not form.is_valid():
        return None
    goods = Variant.objects.select_related("product")
    variant = goods.filter(uuid=form.cleaned_data["variant"], product__state="published").first()
    return variant and {"variant": variant, "quantity": form.cleaned_data["quantity"] or 1}


def done(request: HttpRequest, mine: Cart) -> HttpResponse:
    if not is_partial(request):
        return see_other("carts:cart")
    total = money(pricing.price(mine).total)
    return page(request, mine, {"announce": _("Cart total %(total)s") % {"total": total}})


def _added(request: HttpRequest, mine: Cart, line: CartLine, variant: Variant) -> HttpResponse:
    if is_partial(request):
        priced = pricing.price(mine)
        context = {"cart": priced, "line": line, "variant": variant, "cart_size": priced.size}
        return render(request, "carts/_added.html", context)
    messages.success(request, _("%(title)s is in your cart.") % {"title": variant})
    return see_other("carts:cart")


def _not_added(request: HttpRequest, variant: Variant, reason: str) -> HttpResponse:
    if is_partial(request):
        context = {"level": "error", "text": reason}
        return render(request, "components/_notice.html", context, status=409)
    messages.error(request, reason)
    product = f"{reverse('product', args=[variant.product.slug])}?v={variant.uuid}"
    return see_other(own_address(request, request.headers.get("Referer", ""), product))


def _in_words(refusal: Refusal) -> str:
    if not isinstance(refusal, OutOfStock):
        return _(refusal.message)
    left = refusal.facts["items"][0]["available"]
    if left < 1:
        return _("This is sold out.")
    return ngettext("Only %(n)d is left.", "Only %(n)d are left.", left) % {"n": left}


def _line_of(mine: Cart, refusal: Refusal) -> str:
    """The id of the line that a refusal speaks of."""
    items = refusal.facts.get("items")
    variant = items[0]["variant"] if items else refusal.facts["variant"]
    line = mine.lines.filter(variant__uuid=variant).first()
    return str(line.uuid) if line else ""
