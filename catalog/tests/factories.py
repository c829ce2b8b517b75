from __future__ import annotations

from django.utils.timezone import now

from catalog.models import Category, Product, StockItem, Variant
from catalog.services import inventory, listing, tree


def make_category(*path: str) -> Category:
    return tree.find_or_make(path or ("Home", "Bowls"))


def make_product(shop, title: str = "Oak bowl", *, state: str = "published", **fields) -> Product:
    published_at = now() if state == "published" else None
    return Product.objects.create(
        shop=shop,
        title=title,
        slug=listing.free_slug(title),
        state=state,
        published_at=published_at,
        **fields,
    )


def make_variant(
    shop,
    title: str = "Oak bowl",
    *,
    price: int = 2000,
    stock: int | None = 5,
    product: Product | None = None,
    state: str = "published",
    category: Category | None = None,
    **fields,
) -> Variant:
    """A variant with `stock` units; None leaves its stock untracked."""
    product = product or make_product(shop, title, state=state, category=category)
    variant = Variant.objects.create(
        product=product, price_minor=price, currency=fields.pop("currency", "EUR"), **fields
    )
    if stock is not None:
        inventory.track(variant, stock)
    listing.refresh([product])
    return Variant.objects.select_related("product__shop", "stock").get(pk=variant.pk)


def stock_of(variant: Variant) -> tuple[int, int]:
    """What lies on the shelf, and how much of it is promised."""
    item = StockItem.objects.get(variant=variant)
    return item.on_hand, item.allocated
