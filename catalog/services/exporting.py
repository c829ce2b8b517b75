"""Drafts as the lines of a CSV file: Shopify's, or our own. One product at a time in memory.

Every cell that a spreadsheet would execute is guarded by an apostrophe, which the import takes
away again. Building the drafts from the database is the caller's part.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

from catalog.services.importing.drafts import (
    ImageDraft,
    ProductDraft,
    Status,
    TaxClass,
    VariantDraft,
)
from catalog.services.importing.marketflow_columns import COLUMNS as OWN_COLUMNS
from catalog.services.importing.texts import guard, join_list, join_pairs
from marketflow.core.prices import from_minor

# Titles as Shopify writes them; what it has no column for travels in metafields of our own.
SHOPIFY_COLUMNS = (
    "Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published",
    "Option1 Name", "Option1 Value", "Option2 Name", "Option2 Value", "Option3 Name",
    "Option3 Value", "Variant SKU", "Variant Grams", "Variant Inventory Tracker",
    "Variant Inventory Qty", "Variant Inventory Policy", "Variant Fulfillment Service",
    "Variant Price", "Variant Compare At Price", "Variant Requires Shipping", "Variant Taxable",
    "Variant Barcode", "Image Src", "Image Position", "Image Alt Text", "Gift Card", "SEO Title",
    "SEO Description", "Google Shopping / Google Product Category", "Google Shopping / Condition",
    "Variant Image", "Variant Weight Unit", "Status",
    "Category (product.metafields.marketflow.category)",
    "Attributes (product.metafields.marketflow.attributes)",
    "Listed (product.metafields.marketflow.listed)",
    "Tax class (product.metafields.marketflow.tax_class)",
)  # fmt: skip
STATUSES = {Status.PUBLISHED: "active", Status.DRAFT: "draft", Status.ARCHIVED: "archived"}


def shopify_lines(drafts: Iterable[ProductDraft]) -> Iterator[str]:
    yield _line(SHOPIFY_COLUMNS)
    for draft in drafts:
        for number, (variant, image) in enumerate(zip_longest(draft.variants, draft.images)):
            cells = {"Handle": draft.key}
            cells |= _shopify_product(draft) if number == 0 else {}
            cells |= _shopify_variant(draft, variant) if variant else {}
            cells |= _shopify_image(image, number + 1) if image else {}
            yield _row(SHOPIFY_COLUMNS, cells)


def marketflow_lines(drafts: Iterable[ProductDraft]) -> Iterator[str]:
    yield _line(OWN_COLUMNS)
    for draft in drafts:
        for number, variant in enumerate(draft.variants):
            cells = {"handle": draft.key} | _own_variant(variant)
            cells |= _own_product(draft) if number == 0 else {}
            yield _row(OWN_COLUMNS, cells)


def _shopify_product(draft: ProductDraft) -> dict[str, object]:
    names = draft.options or ("Title",)
    options = {f"Option{number} Name": name for number, name in enumerate(names, 1)}
    return options | {
        "Title": draft.title,
        "Body (HTML)": draft.description_html,
        "Vendor": draft.brand,
        "Type": draft.categories[0][-1] if draft.categories else "",
        "Tags": join_list(draft.tags),
        "Published": _flag(draft.status == Status.PUBLISHED),
        "Gift Card": _flag(False),
        "SEO Title": draft.seo_title,
        "SEO Description": draft.seo_description,
        "Google Shopping / Google Product Category": draft.google_category,
        "Google Shopping / Condition": draft.condition,
        "Status": STATUSES[draft.status],
        "Category (product.metafields.marketflow.category)": _paths(draft),
        "Attributes (product.metafields.marketflow.attributes)": join_pairs(draft.attributes),
        "Listed (product.metafields.marketflow.listed)": _flag(draft.listed),
        "Tax class (product.metafields.marketflow.tax_class)": draft.tax_class,
    }


def _shopify_variant(draft: ProductDraft, variant: VariantDraft) -> dict[str, object]:
    values = variant.options or ("Default Title",)
    options = {f"Option{number} Value": value for number, value in enumerate(values, 1)}
    return options | {
        "Variant SKU": variant.sku,
        "Variant Grams": variant.weight_grams,
        "Variant Inventory Tracker": "shopify" if variant.tracked else "",
        "Variant Inventory Qty": variant.quantity,
        "Variant Inventory Policy": "deny",
        "Variant Fulfillment Service": "manual",
        "Variant Price": _price(variant.price_minor, variant),
        "Variant Compare At Price": _price(variant.compare_at_minor, variant),
        "Variant Requires Shipping": _flag(variant.requires_shipping),
        "Variant Taxable": _flag(draft.tax_class != TaxClass.ZERO),
        "Variant Barcode": variant.barcode,
        "Variant Image": variant.image_url,
        "Variant Weight Unit": "g",
    }


def _shopify_image(image: ImageDraft, position: int) -> dict[str, object]:
    return {"Image Src": image.url, "Image Position": position, "Image Alt Text": image.alt}


def _own_product(draft: ProductDraft) -> dict[str, object]:
    options = {f"option{number}_name": name for number, name in enumerate(draft.options, 1)}
    return options | {
        "title": draft.title,
        "description_html": draft.description_html,
        "brand": draft.brand,
        "categories": _paths(draft),
        "google_category": draft.google_category,
        "tags": join_list(draft.tags),
        "status": draft.status,
        "listed": "yes" if draft.listed else "no",
        "tax_class": draft.tax_class,
        "condition": draft.condition,
        "attributes": join_pairs(draft.attributes),
        "seo_title": draft.seo_title,
        "seo_description": draft.seo_description,
        "images": "\n".join(image.url for image in draft.images),
        "image_alts": "\n".join(image.alt for image in draft.images),
    }


def _own_variant(variant: VariantDraft) -> dict[str, object]:
    options = {f"option{number}_value": value for number, value in enumerate(variant.options, 1)}
    return options | {
        "sku": variant.sku,
        "barcode": variant.barcode,
        "price": _price(variant.price_minor, variant),
        "compare_at_price": _price(variant.compare_at_minor, variant),
        "currency": variant.currency,
        "tracked": "yes" if variant.tracked else "no",
        "quantity": variant.quantity,
        "weight_grams": variant.weight_grams,
        "requires_shipping": "yes" if variant.requires_shipping else "no",
        "variant_image": variant.image_url,
    }


def _paths(draft: ProductDraft) -> str:
    return "\n".join(" > ".join(path) for path in draft.categories)


def _price(amount: int | None, variant: VariantDraft) -> str:
    return "" if amount is None else f"{from_minor(amount, variant.currency):f}"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _row(columns: Sequence[str], cells: Mapping[str, object]) -> str:
    return _line([_text(cells.get(column)) for column in columns])


def _text(value: object) -> str:
    return "" if value is None else guard(str(value))


def _line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
