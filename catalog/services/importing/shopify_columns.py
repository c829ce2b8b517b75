"""Shopify's column titles, of both generations of its CSV, and the fields they fill.

The titles after the first are those of the newer template. Columns per market, the fulfilment
service, the cost and the weight's unit (which is for display) aren't read.
"""

from __future__ import annotations

from catalog.services.importing.headers import by_word

COLUMNS = by_word(
    {
        "handle": "Handle|URL handle",
        "title": "Title",
        "description": "Body (HTML)|Body HTML|Description",
        "brand": "Vendor",
        "category": "Product Category|Standardized Product Type|Standard Product Type",
        "type": "Type|Custom Product Type",
        "tags": "Tags",
        "published": "Published|Published on online store",
        "status": "Status",
        "gift_card": "Gift Card",
        "seo_title": "SEO Title",
        "seo_description": "SEO Description",
        "google_category": "Google Shopping / Google Product Category",
        "gender": "Google Shopping / Gender",
        "age_group": "Google Shopping / Age Group",
        "mpn": "Google Shopping / MPN",
        "condition": "Google Shopping / Condition",
        "name1": "Option1 Name",
        "name2": "Option2 Name",
        "name3": "Option3 Name",
        "value1": "Option1 Value",
        "value2": "Option2 Value",
        "value3": "Option3 Value",
        "sku": "Variant SKU|SKU",
        "grams": "Variant Grams|Weight value (grams)",
        "tracker": "Variant Inventory Tracker|Inventory tracker",
        "quantity": "Variant Inventory Qty|Inventory quantity",
        "policy": "Variant Inventory Policy|Continue selling when out of stock",
        "price": "Variant Price|Price",
        "compare_at": "Variant Compare At Price|Compare-at price",
        "ships": "Variant Requires Shipping|Requires shipping",
        "taxable": "Variant Taxable|Charge tax",
        "barcode": "Variant Barcode|Barcode",
        "image": "Image Src|Product image URL",
        "image_position": "Image Position",
        "image_alt": "Image Alt Text",
        "variant_image": "Variant Image|Variant image URL",
    }
)
FIELDS = {
    "title": "title",
    "description": "description_html",
    "brand": "brand",
    "category": "categories",
    "type": "categories",
    "google_category": "google_category",
    "tags": "tags",
    "published": "status",
    "status": "status",
    "seo_title": "seo_title",
    "seo_description": "seo_description",
    "gender": "attributes",
    "age_group": "attributes",
    "mpn": "attributes",
    "condition": "condition",
    "name1": "options",
    "sku": "sku",
    "grams": "weight_grams",
    "tracker": "tracked",
    "quantity": "quantity",
    "price": "price_minor",
    "compare_at": "compare_at_minor",
    "ships": "requires_shipping",
    "taxable": "tax_class",
    "barcode": "barcode",
    "image": "images",
    "variant_image": "image_url",
}
