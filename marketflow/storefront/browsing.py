"""The pages that list products: a category, a search, a shop."""

from __future__ import annotations

import re

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from accounts.models import Shop
from accounts.pages import too_many
from catalog.models import Category, Product
from catalog.services import search as searching
from catalog.services import search_misses, tree
from catalog.services.search import Found
from marketflow.core.rate_limits import TooMany, address_of, count
from marketflow.core.slugs import follows_moves
from marketflow.storefront import structured
from marketflow.storefront.listing import MOST_BESTSELLERS, Listing, scopes, show
from marketflow.storefront.reviews import ReviewSection, with_rating
from orders.models import Order, Review

SKU, SHOPS = "sku", "shops"
MOST_SHOPS = 3
SHORTEST_SHOP = 3
# Programs that read every link; what they don't find says nothing about people.
ROBOTS = re.compile(r"bot|crawl|spider|slurp|preview|curl|python|wget", re.IGNORECASE)


def _category(request: HttpRequest, slug: str) -> Category:
    return get_object_or_404(Category, slug=slug)


def _shop(request: HttpRequest, slug: str) -> Shop:
    shops = Shop.objects.visible_to(request.user).with_followed_by(request.user)
    return get_object_or_404(with_rating(shops), slug=slug)


@require_safe
@follows_moves(Category, _category)
def category(request: HttpRequest, slug: str) -> HttpResponse:
    here = _category(request, slug)
    products = Product.objects.listed().in_category(here)
    listing = Listing(request, products, key=f"category:{here.path}", depth=here.depth)
    trail = tree.trail(here)
    context = {
        "category": here,
        "trail": trail,
        "children": _branches(listing, here),
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
        if order := _order_named(request, text.strip()):
            return redirect(order)
    beside = _beside(request, text)
    found = searching.find(text, literally="literally" in request.GET, beside=beside)
    if len(found.beside.get(SKU, ())) == 1:
        return redirect("product", found.beside[SKU][0][0])
    products = found.among(Product.objects.listed())
    listing = Listing(
        request, products, key=f"search:{found.how}:{found.shown}", found=found,
        base=["q", "literally"], with_more=True,
    )  # fmt: skip
    _note(request, found, listing)
    context = {
        "query": found.text,
        "found": found,
        "literal_url": listing.address(literally="1"),
        "scopes": scopes(listing, tree.top_categories()),
        "shops": [Shop(slug=slug, name=name) for slug, name in found.beside.get(SHOPS, ())],
        "more_like": listing.more_like,
        "bestsellers": [] if listing.facets.scope else _bestsellers(),
    }
    return show(request, listing, "search", context)


@require_safe
@follows_moves(Shop, _shop)
def shop(request: HttpRequest, slug: str) -> HttpResponse:
    here = _shop(request, slug)
    if request.GET.get("tab") == "reviews":
        return _reviews_of(request, here)
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


def _reviews_of(request: HttpRequest, here: Shop) -> HttpResponse:
    context = {
        "shop": here,
        "tab": "reviews",
        "reviews": ReviewSection(Review.objects.shown().filter(shop=here), request.GET),
        "canonical": structured.absolute(here.get_absolute_url()),
        "structured": structured.shop_page(here),
    }
    return render(request, "catalog/shop.html", context)


def _branches(listing: Listing, here: Category) -> list[dict[str, object]]:
    """The categories below, with how much is in them and the filters kept."""
    query = listing.address().partition("?")[2]
    below = {path: n for path, n in listing.facets.below.items() if n}
    children = Category.objects.get_children(here) if below else []
    return [
        {
            "label": child.name,
            "count": below[child.path],
            "url": child.get_absolute_url() + (f"?{query}" if query else ""),
        }
        for child in children
        if child.path in below
    ]


def _order_named(request: HttpRequest, text: str) -> Order | None:
    """The order of one's own whose number was searched for, and nothing else."""
    is_number = re.fullmatch(r"MF-[\w-]{3,20}", text, re.IGNORECASE)
    if not is_number or request.GET.keys() - {"q"} or not request.user.is_authenticated:
        return None
    return Order.objects.visible_to(request.user).filter(number=text.upper()).first()


def _beside(request: HttpRequest, text: str) -> dict[str, QuerySet]:
    """What a search may name besides products: a SKU outright, a shop by part of its name."""
    text = text.strip()
    beside = {}
    # A SKU has a digit or a hyphen; an ordinary word is not worth the look.
    is_alone = not request.GET.keys() - {"q"} and " " not in text
    if is_alone and re.search(r"[\d_-]", text):
        beside[SKU] = searching.with_sku(text).values_list("slug", "title")
    is_first_page = request.GET.get("page", "1") == "1"
    if is_first_page and SHORTEST_SHOP <= len(text) <= searching.LONGEST:
        shops = Shop.objects.open().filter(name__icontains=text)
        beside[SHOPS] = shops.values_list("slug", "name")[:MOST_SHOPS]
    return beside


def _bestsellers() -> list[Product]:
    products = Product.objects.listed().order_by("-units_sold", "-pk")
    return list(products.for_lists()[:MOST_BESTSELLERS])


def _note(request: HttpRequest, found: Found, listing: Listing) -> None:
    """Note a miss of a person's plain search."""
    is_plain = not listing.filters.count and not listing.page_text
    agent = request.headers.get("User-Agent", "")
    if found.is_miss and is_plain and request.method == "GET" and not ROBOTS.search(agent):
        search_misses.note(found.text)
