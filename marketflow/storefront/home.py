"""The front page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Shop
from catalog.services import tree
from marketflow.storefront import shelves, structured
from marketflow.storefront.reviews import with_rating
from marketflow.storefront.seen import seen_ids

MOST_TILES = 8


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    featured = shelves.featured_shops()
    of_shops = {f"shop_{shop}": products for shop, products in featured}
    rows = shelves.fill(
        fresh=shelves.fresh(),
        back=shelves.back_in_stock(),
        seen=seen_ids(request),
        **of_shops,
    )
    shops = with_rating(Shop.objects.open()).in_bulk([shop for shop, _products in featured])
    context = {
        "fresh": rows["fresh"],
        "back_in_stock": rows["back"],
        "seen": rows["seen"],
        "shops": [
            {"shop": shops[shop], "products": rows[f"shop_{shop}"]}
            for shop, _products in featured
            if shop in shops
        ],
        "tiles": tree.top_categories()[:MOST_TILES],
        "structured": structured.home_page(),
    }
    return render(request, "catalog/home.html", context)
