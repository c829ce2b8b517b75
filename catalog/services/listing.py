"""Keeping what lists read in step with the products: lowest price, keywords, slugs.

Called by whoever writes products: the seller's admin, the API, the importer.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.crypto import get_random_string
from django.utils.text import slugify
from django.utils.timezone import now

from catalog import live
from catalog.events import ProductChanged, ProductsPublished
from catalog.models import Category, Product
from marketflow.core.events import publish

LONGEST_SLUG = 200
BATCH = 200


def free_slug(title: str, *, taken_by: int | None = None) -> str:
    """An address made of `title` that no product but `taken_by` (its id) has."""
    base = slugify(title, allow_unicode=True)[:LONGEST_SLUG].strip("-") or "product"
    rivals = Product.objects.exclude(pk=taken_by)
    # By the index alone, which is all that most products need.
    if not rivals.filter(slug=base).exists():
        return base
    taken = set(rivals.filter(slug__startswith=f"{base}-").values_list("slug", flat=True))
    for number in range(2, 50):
        if f"{base}-{number}" not in taken:
            return f"{base}-{number}"
    return f"{base}-{get_random_string(6, 'abcdefghjkmnpqrstuvwxyz23456789')}"


def free_category_slug(full_name: str) -> str:
    """An address for a category: its own name, or as much of its path as it takes."""
    parts = [slugify(part) for part in full_name.split(" > ")]
    for depth in range(1, len(parts) + 1):
        slug = "-".join(parts[-depth:])[:130]
        if slug and not Category.objects.filter(slug=slug).exists():
            return slug
    return f"{'-'.join(parts)[:120]}-{get_random_string(6, 'abcdefghjkmnpqrstuvwxyz')}"


@transaction.atomic
def refresh(products: Iterable[Product]) -> None:
    """Recompute what lists read of `products`, and say that they changed; to open pages too.

    Publishes `ProductChanged`.
    """
    ids = sorted(product.pk for product in products)
    fresh = list(
        Product.objects.filter(pk__in=ids)
        .select_related("category")
        .prefetch_related("variants", "attributes")
    )
    for product in fresh:
        variants = [variant for variant in product.variants.all() if variant.is_active]
        product.price_minor = min((variant.price_minor for variant in variants), default=0)
        product.keywords = keywords(product, variants)
        product.updated_at = now()
    Product.objects.bulk_update(fresh, ["price_minor", "keywords", "updated_at"], BATCH)
    if ids:
        live.products_changed(ids)
        publish(ProductChanged(product_ids=ids))


@transaction.atomic
def publish_product(product: Product) -> None:
    """Put it on sale. Publishes `ProductChanged`, and `ProductsPublished` the first time."""
    is_new = product.published_at is None
    product.state = Product.State.PUBLISHED
    product.published_at = product.published_at or now()
    product.save(update_fields=["state", "published_at"])
    refresh([product])
    if is_new:
        publish(ProductsPublished(shop_id=product.shop_id, product_ids=[product.pk]))


@transaction.atomic
def unpublish_product(product: Product) -> None:
    """Make it a draft again. Publishes `ProductChanged`."""
    product.state = Product.State.DRAFT
    product.save(update_fields=["state"])
    refresh([product])


@transaction.atomic
def archive_product(product: Product) -> None:
    """Take it off sale for good; orders keep naming it. Publishes `ProductChanged`."""
    product.state = Product.State.ARCHIVED
    product.save(update_fields=["state"])
    refresh([product])


def keywords(product: Product, variants: Iterable) -> str:
    """Everything that words may find, besides title and description."""
    words = [product.brand, str(product.category or ""), *product.tags]
    words += [f"{attribute.value}" for attribute in product.attributes.all()]
    for variant in variants:
        words += [variant.sku, variant.barcode, *variant.option_values]
    return " ".join(dict.fromkeys(word for word in words if word))
