"""A shop's products as drafts: what its export writes and the next import reads.

Everything the catalogue keeps is there, but variants that are no longer sold, and products that
have no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from django.db.models import Exists, OuterRef, Prefetch

from accounts.models import Shop
from catalog.models import Product, ProductImage, Variant
from catalog.services import exporting
from catalog.services.importing.drafts import (
    Condition,
    ImageDraft,
    ProductDraft,
    Status,
    TaxClass,
    VariantDraft,
)
from marketflow.core.addresses import whole

LINES = {"shopify": exporting.shopify_lines, "marketflow": exporting.marketflow_lines}
PRODUCTS_AT_A_TIME = 200


def export_lines(
    shop: Shop, format: str = "marketflow", progress: Callable[[int], None] | None = None
) -> Iterator[str]:
    """The shop's file, record by record: never more than a few products in memory."""
    return LINES[format](_counted(drafts_of(shop), progress or (lambda number: None)))


def _counted(
    drafts: Iterable[ProductDraft], progress: Callable[[int], None]
) -> Iterator[ProductDraft]:
    for number, draft in enumerate(drafts, 1):
        yield draft
        progress(number)


def exported(shop: Shop):
    """The products that an export holds, oldest first."""
    sold = Variant.objects.active().filter(product=OuterRef("pk"))
    return Product.objects.filter(Exists(sold), shop=shop).order_by("pk")


def drafts_of(shop: Shop) -> Iterator[ProductDraft]:
    variants = Variant.objects.active().select_related("stock", "image")
    products = (
        exported(shop)
        .select_related("category")
        .prefetch_related(Prefetch("variants", variants), "attributes", "images")
    )
    for product in products.iterator(chunk_size=PRODUCTS_AT_A_TIME):
        yield _draft(product)


def _draft(product: Product) -> ProductDraft:
    category = product.category
    pictures = [(image, address_of(image)) for image in product.images.all()]
    return ProductDraft(
        key=product.handle or product.slug,
        records=(),
        title=product.title,
        description_html=product.description,
        brand=product.brand,
        categories=(tuple(category.full_name.split(" > ")),) if category else (),
        google_category=category.google_id if category else None,
        tags=tuple(product.tags),
        status=Status(product.state),
        listed=product.is_listed,
        tax_class=TaxClass(product.tax_class),
        condition=Condition(product.condition),
        options=tuple(product.option_names),
        attributes=tuple((a.name, a.value) for a in product.attributes.all()),
        variants=tuple(_variant(product, variant) for variant in product.variants.all()),
        images=tuple(ImageDraft(url, image.alt) for image, url in pictures if url),
        seo_title=product.seo_title,
        seo_description=product.seo_description,
    )


def _variant(product: Product, variant: Variant) -> VariantDraft:
    columns = (
        (product.option1_name, variant.option1),
        (product.option2_name, variant.option2),
        (product.option3_name, variant.option3),
    )
    stock = variant.stock_item
    return VariantDraft(
        record=0,
        options=tuple(value for name, value in columns if name),
        sku=variant.sku,
        barcode=variant.barcode,
        price_minor=variant.price_minor,
        compare_at_minor=variant.compare_at_minor,
        currency=variant.currency,
        tracked=stock is not None,
        quantity=stock.on_hand if stock else None,
        weight_grams=variant.weight_grams,
        requires_shipping=variant.needs_shipping,
        image_url=address_of(variant.image) if variant.image else "",
    )


def address_of(image: ProductImage) -> str:
    """Where it came from; for an upload, where the market shows it. Empty if nowhere."""
    return image.source_url or whole(image.fallback_url)
