"""What the shop already has of the products in a file: found in a few queries for many drafts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db.models import Q
from django.utils.encoding import iri_to_uri

from accounts.models import Shop
from catalog.models import ImportJob, ImportRow, Product, ProductImage, Variant
from catalog.services.importing.drafts import ProductDraft, VariantDraft

UUID = re.compile(r"/pictures/([0-9a-f-]{36})/")


@dataclass(frozen=True)
class Known:
    """The shop's products by key, and whose SKU each of the drafts' is."""

    products: dict[str, Product]
    sku_owners: dict[str, int]
    # Products that an undo could only archive: to the next file they are as good as new.
    taken_back: frozenset[int] = frozenset()


def known(shop: Shop, drafts: Sequence[ProductDraft]) -> Known:
    """A product is found by its handle or, if it was made without one, by its address."""
    keys = [draft.key for draft in drafts]
    own = Product.objects.filter(shop=shop).filter(
        Q(handle__in=keys) | Q(handle="", slug__in=keys)
    )
    own = own.select_related("category").prefetch_related(
        "variants__stock", "variants__image", "attributes", "images"
    )
    products = {product.handle or product.slug: product for product in own}
    products |= {product.handle: product for product in own if product.handle}
    skus = {variant.sku for draft in drafts for variant in draft.variants if variant.sku}
    owners = Variant.objects.filter(shop=shop, sku__in=skus).values_list("sku", "product_id")
    return Known(products, dict(owners), _taken_back(products.values()))


def _taken_back(products: Iterable[Product]) -> frozenset[int]:
    archived = [product.pk for product in products if product.state == Product.State.ARCHIVED]
    if not archived:
        return frozenset()
    done = ImportRow.Outcome.CREATED, ImportRow.Outcome.UPDATED
    history = ImportRow.objects.filter(product__in=archived, outcome__in=done).order_by("pk")
    latest = {pk: step for pk, *step in history.values_list("product_id", "outcome", "job__state")}
    undone = [ImportRow.Outcome.CREATED, ImportJob.State.UNDONE]
    return frozenset(pk for pk, step in latest.items() if step == undone)


def aligned(draft: ProductDraft, product: Product | None) -> ProductDraft:
    """The draft with its options in the columns where the product has them.

    An option for which no variant has a value is none: some formats can't even write it. So it is
    left out of new products, and where a product has one, its absence from a file is no change.
    """
    count = len(draft.options)
    used = [i for i in range(count) if any(v.options[i] for v in draft.variants)]
    columns, names = list(range(len(used))), [draft.options[i] for i in used]
    if product:
        own = (product.option1_name, product.option2_name, product.option3_name)
        existing = [columns_of(variant) for variant in product.variants.all()]
        filled = [i for i in range(3) if own[i] and any(values[i] for values in existing)]
        if [own[i] for i in filled] == names:
            columns, names = filled, list(own)
    if columns == list(range(count)) and tuple(names) == draft.options:
        return draft
    variants = (
        replace(variant, options=_spread([variant.options[i] for i in used], columns))
        for variant in draft.variants
    )
    return replace(draft, options=tuple(names), variants=tuple(variants))


def _spread(values: Sequence[str], columns: Sequence[int]) -> tuple[str, str, str]:
    by_column = dict(zip(columns, values, strict=True))
    return by_column.get(0, ""), by_column.get(1, ""), by_column.get(2, "")


def match_variants(
    product: Product, drafts: Sequence[VariantDraft], *, by_options: bool
) -> list[Variant | None]:
    """The product's variant for each draft: by SKU, then by its options, then the only one."""
    variants = sorted(product.variants.all(), key=lambda v: (not v.is_active, v.position, v.pk))
    found: list[Variant | None] = [
        next((v for v in variants if draft.sku and v.sku == draft.sku), None) for draft in drafts
    ]
    if by_options:
        _match_options(variants, drafts, found)
    if len(variants) == len(drafts) == 1 and not any(drafts[0].options):
        found[0] = found[0] or variants[0]
    return found


def _match_options(
    variants: Sequence[Variant], drafts: Sequence[VariantDraft], found: list[Variant | None]
) -> None:
    taken = {variant.pk for variant in found if variant}
    for index, draft in enumerate(drafts):
        if found[index]:
            continue
        choice = _choice(padded(draft.options))
        for variant in variants:
            if variant.pk not in taken and _choice(columns_of(variant)) == choice:
                found[index] = variant
                taken.add(variant.pk)
                break


def padded(values: Sequence[str]) -> tuple[str, str, str]:
    """Three columns, whatever is used of them."""
    first, second, third = (*values, "", "", "")[:3]
    return first, second, third


def columns_of(variant: Variant) -> tuple[str, str, str]:
    return variant.option1, variant.option2, variant.option3


def _choice(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(value.casefold() for value in values)


def picture_at(url: str, images: Iterable[ProductImage]) -> ProductImage | None:
    """The product's picture that came from `url`, or is served by the market itself at `url`."""
    own = UUID.search(url) if url.startswith(settings.SITE_URL) else None
    for image in images:
        if image.source_url == url or (own and str(image.uuid) == own[1]):
            return image
    return None


def plain_url(url: str) -> str:
    """As it is asked for: letters beyond ASCII written as bytes."""
    return url if url.isascii() else iri_to_uri(url)
