"""The pages that list products: a category, a search, a shop."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from accounts.models import Shop
from accounts.pages import too_many
from catalog.models import Category, Product
from catalog.services import search as searching
from catalog.services import tree
from catalog.services.search import Found
from marketflow.core.rate_limits import TooMany, address_of, count
from marketflow.storefront import structured
from marketflow.storefront.listing import MOST_BESTSELLERS, Listing, scopes, show
from orders.models import Order

MOST_SHOPS = 3
FEW = 5
# Programs that read every link; what they don't find says nothing about people.
ROBOTS = re.compile(r"bot|crawl|spider|slurp|preview|curl|python|wget", re.IGNORECASE)


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    here = get_object_or_404(Category, slug=slug)
    products = Product.objects.listed().in_category(here)
    listing = Listing(request, products, key=f"category:{here.path}", depth=here.depth)
    children = here.get_children() if not here.is_leaf() else []
    trail = tree.trail(here)
    context = {
        "category": here,
        "trail": trail,
        "children": _branches(listing, children),
        "structured": structured.category_page(here, trail, listing),
    }
    return show(request, listing, "category", context)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "")
    if text.strip():
        try:
            count("search", address_of(request))
        except TooMany as refusal:
            return too_many(request, refusal)
        if elsewhere := _exactly(request, text.strip()):
            return redirect(elsewhere)
    found = searching.find(text, literally="literally" in request.GET)
    products = found.among(Product.objects.listed())
    listing = Listing(
        request, products, key=f"search:{found.how}:{found.shown}", found=found,
        base=["q", "literally"],
    )  # fmt: skip
    _record(request, found, listing)
    context = {
        "query": found.text,
        "found": found,
        "literal_url": listing.address(literally="1"),
        "scopes": scopes(listing, tree.top_categories()),
        "shops": _shops_named(found.text) if not listing.page_text else [],
        "more_like": _more_like(found, listing),
        "bestsellers": [] if listing.facets.scope else _bestsellers(),
    }
    return show(request, listing, "search", context)


@require_safe
def shop(request: HttpRequest, slug: str) -> HttpResponse:
    here = get_object_or_404(Shop.objects.visible_to(request.user), slug=slug)
    text = request.GET.get("q", "")
    found = searching.find(text, literally=True) if text.strip() else None
    products = Product.objects.listed().filter(shop=here)
    if found:
        products = found.among(products)
    key = f"shop:{here.pk}:{found.shown if found else ''}"
    without = ["shop", "ships_from"]
    listing = Listing(request, products, key=key, found=found, without=without, base=["q"])
    context = {
        "shop": here,
        "tab": request.GET.get("tab", "") if request.GET.get("tab") in TABS else "items",
        "shop_query": found.text if found else "",
        "card_level": 3,
        "scopes": scopes(listing, tree.top_categories()),
        "structured": structured.shop_page(here),
    }
    return show(request, listing, "shop", context)


TABS = ("about", "policies")


def _branches(listing: Listing, children) -> list[dict[str, object]]:
    """The categories below, with how much is in them and the filters kept."""
    query = listing.address().partition("?")[2]
    below = listing.facets.below
    return [
        {
            "label": child.name,
            "count": below[child.path],
            "url": child.get_absolute_url() + (f"?{query}" if query else ""),
        }
        for child in children
        if below.get(child.path)
    ]


def _exactly(request: HttpRequest, text: str):
    """What a search names outright: an own order, a SKU, a shop's address."""
    if request.GET.keys() - {"q"} or " " in text:
        return None
    if re.fullmatch(r"MF-[\w-]{3,20}", text, re.IGNORECASE) and request.user.is_authenticated:
        order = Order.objects.visible_to(request.user).filter(number=text.upper()).first()
        if order:
            return order
    # A SKU has a digit or a hyphen; an ordinary word is not worth the query.
    if re.search(r"[\d_-]", text) and (product := searching.product_with_sku(text)):
        return product
    return None


def _shops_named(text: str) -> list[Shop]:
    if len(text) < 3:
        return []
    return list(Shop.objects.open().filter(name__icontains=text)[:MOST_SHOPS])


def _more_like(found: Found, listing: Listing) -> list[Product]:
    if not found.match or listing.total > FEW or listing.total == 0:
        return []
    return list(searching.more_like(found, Product.objects.listed().with_card_data()))


def _bestsellers() -> list[Product]:
    products = Product.objects.listed().order_by("-units_sold", "-pk")
    return list(products.with_card_data()[:MOST_BESTSELLERS])


def _record(request: HttpRequest, found: Found, listing: Listing) -> None:
    """Note a miss of a person's plain search, once and outside any transaction of the page."""
    is_plain = not listing.filters.count and not listing.page_text
    agent = request.headers.get("User-Agent", "")
    if found.is_miss and is_plain and request.method == "GET" and not ROBOTS.search(agent):
        searching.record_miss(found.text)
