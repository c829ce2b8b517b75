"""MarketFlow's own CSV: its columns, in order, and what each of them means.

One row is one variant. What belongs to the product stands on the first row of its handle. Lists
in a cell are lines, except tags, which commas part; a backslash keeps a comma or a colon.
"""

from __future__ import annotations

# name: (draft field, what the cell holds)
TABLE = {
    "handle": ("", "The product's name in the shop, the same on each of its rows."),
    "title": ("title", "Plain text."),
    "description_html": ("description_html", "HTML."),
    "brand": ("brand", "Plain text."),
    "categories": ("categories", "One path a line, from the root: Home > Kitchen."),
    "google_category": ("google_category", "An id of Google's taxonomy."),
    "tags": ("tags", "Parted by commas."),
    "status": ("status", "published, draft or archived."),
    "listed": ("listed", "yes, or no for a page that is in no list."),
    "tax_class": ("tax_class", "standard, reduced or zero."),
    "condition": ("condition", "new, refurbished or used."),
    "attributes": ("attributes", "One a line: Material: Linen."),
    "seo_title": ("seo_title", "Plain text."),
    "seo_description": ("seo_description", "Plain text."),
    "images": ("images", "One address a line, the main picture first."),
    "image_alts": ("images", "One text a line, beside the addresses."),
    "option1_name": ("options", "Such as Size; on the first row."),
    "option2_name": ("options", ""),
    "option3_name": ("options", ""),
    "option1_value": ("options", "Such as Large; blank means any."),
    "option2_value": ("options", ""),
    "option3_value": ("options", ""),
    "sku": ("sku", "One variant's in the shop; may be blank."),
    "barcode": ("barcode", "GTIN, EAN, UPC or ISBN."),
    "price": ("price_minor", "A decimal: 19.99."),
    "compare_at_price": ("compare_at_minor", "The former price, if it was higher."),
    "currency": ("", "ISO 4217; must be the market's."),
    "tracked": ("tracked", "yes if stock is counted."),
    "quantity": ("quantity", "How many there are; blank leaves the stock alone."),
    "weight_grams": ("weight_grams", "A whole number."),
    "requires_shipping": ("requires_shipping", "yes, or no for what isn't sent."),
    "variant_image": ("image_url", "The address of the variant's own picture."),
}  # fmt: skip
COLUMNS = tuple(TABLE)
FIELDS = {name: field for name, (field, _meaning) in TABLE.items() if field}
