"""The page of one product: what it is, which one to choose, when it would arrive."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_countries import countries

from accounts.models import Shop
from accounts.pages import see_other
from carts.models import ShippingOption
from catalog.models import Product, ProductImage, Variant
from catalog.querysets import load_cards
from catalog.services import tree
from catalog.services.choices import Choice, choice_of, variant_with
from marketflow.core.fragments import is_partial, render_page
from marketflow.core.prices import from_minor
from marketflow.core.slugs import follows_moves
from marketflow.storefront import seen, shelves, structured
from marketflow.storefront.places import country_of, country_options
from marketflow.storefront.reviews import ReviewSection
from orders.models import Review

SHOWN_IMAGES = 6


@require_http_methods(["GET", "HEAD", "POST"])
@follows_moves(Product, lambda request, slug: _find(request, slug))
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """The page. A POST is a choice made without JavaScript: it leads to the choice's address."""
    here = _find(request, slug)
    if here.state == Product.State.ARCHIVED:
        return _gone(request, here)
    if request.method == "POST":
        load_cards([here])
        return _to_choice(here, request)
    rows = _rows(request, here)
    choice = choice_of(here, request.GET)
    context = _context(request, here, choice, rows)
    response = render_page(request, "catalog/product.html", "catalog/_product.html", context)
    if is_partial(request):
        response["HX-Push-Url"] = _address(here, choice, request)
    elif here.is_published:
        seen.remember(request, response, here)
    return response


def _find(request: HttpRequest, slug: str) -> Product:
    """What may be seen; what was taken down is found too, so that the page can say so.

    Its variants and pictures are read later, together with those of the products beside it.
    """
    everything = Product.objects.select_related("shop", "category").prefetch_related("attributes")
    here = get_object_or_404(everything, slug=slug)
    if here.is_published and here.shop.state == Shop.State.OPEN:
        return here
    if here.state == Product.State.ARCHIVED and here.published_at:
        return here
    if Product.objects.visible_to(request.user).filter(pk=here.pk).exists():
        return here
    raise Http404


def _gone(request: HttpRequest, here: Product) -> HttpResponse:
    rows = shelves.fill(similar=shelves.similar(here), shop=shelves.more_from_shop(here))
    products = (rows["similar"] + rows["shop"])[:10]
    return render(request, "catalog/gone.html", {"products": products}, status=410)


def _to_choice(here: Product, request: HttpRequest) -> HttpResponse:
    variant = variant_with(here, request.POST)
    if variant:
        return see_other(f"{here.get_absolute_url()}?v={variant.uuid}")
    chosen = {name: value for name, value in request.POST.items() if name.startswith("option.")}
    data = request.GET.copy()
    data.clear()
    data.update(chosen)
    return see_other(f"{here.get_absolute_url()}?{data.urlencode()}")


def _address(here: Product, choice: Choice, request: HttpRequest) -> str:
    if choice.variant:
        return f"{here.get_absolute_url()}?v={choice.variant.uuid}"
    return request.get_full_path()


def _rows(request: HttpRequest, here: Product) -> dict[str, list[Product]]:
    """What stands beside the choice, and nothing for a part of the page."""
    if is_partial(request):
        load_cards([here])
        return {}
    return shelves.fill(
        beside=[here],
        shop=shelves.more_from_shop(here),
        similar=shelves.similar(here),
        together=shelves.bought_together(here),
        seen=[pk for pk in seen.seen_ids(request) if pk != here.pk],
    )


def _context(
    request: HttpRequest, here: Product, choice: Choice, rows: dict[str, list[Product]]
) -> dict[str, object]:
    country = country_of(request)
    options = [one for one in _shipping(here) if one.reaches(country)]
    price = choice.variant.price if choice.variant else None
    ways = [{"option": one, "price": one.price_for(price.amount)} for one in options if price]
    ways.sort(key=lambda way: way["price"].amount)
    trail = tree.trail(here.category) if here.category else []
    context = {
        "product": here,
        "category": here.category,
        "trail": [*trail, here.category] if here.category else [],
        "choice": choice,
        "variant": choice.variant,
        "images": _images(here, choice.variant),
        "ways": ways,
        "country": country,
        "country_name": countries.name(country),
        "country_options": country_options(country),
        "obstacle": (obstacle := _obstacle(here, choice.variant, ways)),
        "is_sold_out": obstacle == _("Sold out"),
        "is_own_view": not (here.is_published and here.shop.state == Shop.State.OPEN),
    }
    return context | _around(request, here, choice, context, rows) if rows else context


def _around(
    request: HttpRequest,
    here: Product,
    choice: Choice,
    context: dict[str, object],
    rows: dict[str, list[Product]],
) -> dict[str, object]:
    """What only the whole page has."""
    price = choice.variant.price if choice.variant else None
    cheapest = context["ways"][0]["option"] if context["ways"] else None
    return {
        "more_from_shop": rows["shop"],
        "similar": rows["similar"],
        "together": rows["together"],
        "seen": rows["seen"],
        "reviews": _reviews(request, here),
        "facts": _facts(here),
        "description": structured.description(here, 160),
        "canonical": settings.SITE_URL + here.get_absolute_url(),
        "og_image": _og_image(here),
        "price_amount": price and from_minor(price.amount, price.currency),
        "structured": structured.product_page(
            here, context["trail"][:-1], choice.variant, cheapest, context["country"]
        ),
    }


def _reviews(request: HttpRequest, here: Product) -> ReviewSection:
    # One that nobody has reviewed is not asked after.
    shown = Review.objects.shown()
    rows = shown.filter(product=here) if here.rating_count else shown.none()
    return ReviewSection(rows, request.GET)


def _shipping(here: Product) -> list[ShippingOption]:
    return list(ShippingOption.objects.offered().filter(shop=here.shop_id))


def _obstacle(here: Product, variant: Variant | None, ways: list) -> str:
    """Why it can't be put in the cart; nothing where it can."""
    if not here.is_published:
        return _("Not on sale yet")
    if not here.shop.is_trading:
        return _("Not on sale at the moment")
    if variant is None:
        return _("Not made in this combination")
    if variant.level == "out":
        return _("Sold out")
    if variant.needs_shipping and not ways:
        return _("Not delivered to your country")
    return ""


def _images(here: Product, variant: Variant | None) -> list[dict[str, object]]:
    """The gallery, the variant's own picture first; the first sentence is the seller's."""
    images = list(here.shown_images)
    own = variant.image_id if variant else None
    images.sort(key=lambda image: image.pk != own)
    return [
        {"image": image, "alt": image.alt or _view(here, number, len(images))}
        for number, image in enumerate(images, start=1)
    ]


def _view(here: Product, number: int, many: int) -> str:
    if many == 1:
        return here.title
    words = _("%(title)s, view %(number)d of %(many)d")
    return words % {"title": here.title, "number": number, "many": many}


def _facts(here: Product) -> list[tuple[str, str]]:
    """The specification table: names once, with all their values."""
    facts: dict[str, list[str]] = {}
    if here.brand:
        facts[_("Brand")] = [here.brand]
    facts[_("Condition")] = [here.get_condition_display()]
    for attribute in here.attributes.all():
        facts.setdefault(attribute.name, []).append(attribute.value)
    only = here.offers[0] if len(here.offers) == 1 else None
    if only and only.weight_grams:
        facts[_("Weight")] = [_("%(n)s g") % {"n": only.weight_grams}]
    if only and only.sku:
        facts[_("SKU")] = [only.sku]
    return [(name, ", ".join(values)) for name, values in facts.items()]


def _og_image(here: Product) -> str:
    images: list[ProductImage] = here.shown_images
    return structured.absolute(images[0].og_url) if images and images[0].og_url else ""
