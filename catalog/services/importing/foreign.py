"""Other platforms' files, recognised so that the refusal can name them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from catalog.services.importing.headers import header_word

# A file with all titles of one of the sets is that platform's.
HEADERS = (
    ("Magento", ("attributesetcode", "producttype", "sku")),
    ("Magento", ("frontendlabel", "attributecode")),
    ("Magento", ("urlkey", "isanchor")),
    ("Magento", ("ratingcode", "ratingvalue", "review")),
    ("Bagisto", ("attributefamilycode", "parentsku")),
    ("Spree", ("inventorybackorderable", "taxcategory", "option1name")),
    ("Medusa", ("producthandle", "producttitle", "variantsku")),
    ("Vendure", ("optiongroups", "optionvalues", "facets")),
    ("Shuup", ("ignore", "taxclass", "primarycategory")),
    ("Wix", ("handleid", "fieldtype", "productimageurl")),
    ("Squarespace", ("productidnoneditable", "variantidnoneditable")),
)
# Oscar writes no header: class, category path, ISBN.
_ISBN = re.compile(r"97[89]\d{10}")
JSON = (
    ("Saleor", '"private_metadata"'),
    ("Oscar", '"model": "catalogue.'),
    ("Vendure", '"defaultLanguage"'),
    ("Shopify (JSON)", '"body_html"'),
    ("Medusa", '"variants"'),
)
XML = (
    ("WordPress (WXR)", "wordpress.org/export"),
    ("Bagisto", "attribute_family_code="),
    ("Magento", "<magento"),
)


def platform_of_header(titles: Sequence[str]) -> str | None:
    words = {header_word(title) for title in titles}
    for platform, telling in HEADERS:
        if words.issuperset(telling):
            return platform
    is_oscar = len(titles) == 9 and " > " in titles[1] and _ISBN.fullmatch(titles[2])
    return "Oscar" if is_oscar else None


def platform_of_text(sample: str) -> str | None:
    """The platform of a JSON or XML file, from its beginning."""
    marks = XML if sample.lstrip().startswith("<") else JSON
    return next((platform for platform, mark in marks if mark in sample), None)
