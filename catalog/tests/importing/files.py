"""Writing files as sellers have them, and reading them back in one go."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from catalog.services.importing.catalogue import Catalogue
from catalog.services.importing.drafts import ProductDraft, RowIssue
from catalog.services.importing.formats import open_catalogue

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)


@dataclass
class Outcome:
    """Everything a file gave: products, and remarks wherever they stood."""

    catalogue: Catalogue
    products: list[ProductDraft]
    issues: list[RowIssue]

    @property
    def product(self) -> ProductDraft:
        (only,) = self.products
        return only

    @property
    def variants(self):
        return [variant for product in self.products for variant in product.variants]

    @property
    def images(self):
        return [image for product in self.products for image in product.images]

    @property
    def codes(self) -> list[str]:
        return [issue.code for issue in self.issues]

    def records(self, severity: str) -> list[int]:
        return [issue.record for issue in self.issues if issue.severity == severity]

    def total(self, field: str) -> int:
        return sum(getattr(variant, field) or 0 for variant in self.variants)


@dataclass
class Seller:
    folder: Path

    def writes(self, content: str | bytes, name: str = "products.csv", encoding="utf-8") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def imports(self, content: str | bytes, encoding="utf-8", **how) -> Outcome:
        return read(self.writes(content, encoding=encoding), **how)


def read(path: Path, *, currency="EUR", now=NOON, **how) -> Outcome:
    catalogue = open_catalogue(path, currency=currency, now=now, **how)
    products, issues = [], []
    for item in catalogue:
        if isinstance(item, ProductDraft):
            products.append(item)
            issues += item.issues
        else:
            issues.append(item)
    return Outcome(catalogue, products, issues)


def table(*rows: dict[str, object], delimiter: str = ",") -> str:
    """The rows as CSV, with every column that any of them names."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def shopify(**cells: object) -> dict[str, object]:
    """A row of Shopify's CSV: `shopify(price=5, sku="A")`. Named briefly, written in full."""
    titles = {
        "handle": "Handle",
        "title": "Title",
        "body": "Body (HTML)",
        "vendor": "Vendor",
        "type": "Type",
        "tags": "Tags",
        "published": "Published",
        "status": "Status",
        "name": "Option1 Name",
        "value": "Option1 Value",
        "name2": "Option2 Name",
        "value2": "Option2 Value",
        "sku": "Variant SKU",
        "grams": "Variant Grams",
        "tracker": "Variant Inventory Tracker",
        "quantity": "Variant Inventory Qty",
        "policy": "Variant Inventory Policy",
        "price": "Variant Price",
        "compare_at": "Variant Compare At Price",
        "taxable": "Variant Taxable",
        "ships": "Variant Requires Shipping",
        "barcode": "Variant Barcode",
        "image": "Image Src",
        "position": "Image Position",
        "alt": "Image Alt Text",
        "variant_image": "Variant Image",
        "gift": "Gift Card",
    }
    return {titles.get(name, name): value for name, value in cells.items()}


def mug(**cells: object) -> dict[str, object]:
    """A product that is good in every way; `cells` say what isn't."""
    usual = {"handle": "mug", "title": "Mug", "body": "", "tags": "", "price": "12.50"}
    return shopify(**(usual | cells))
