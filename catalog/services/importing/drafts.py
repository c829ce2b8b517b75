"""What a seller's file says, before any of it touches the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    SKIPPED = "skipped"  # The row is understood and has no place in this market.
    ERROR = "error"  # The row is wrong, and nothing of it is imported.
    WARNING = "warning"  # The row is imported, without something or changed a little.


class Status(StrEnum):
    PUBLISHED = "published"
    DRAFT = "draft"
    ARCHIVED = "archived"


class TaxClass(StrEnum):
    STANDARD = "standard"
    REDUCED = "reduced"
    ZERO = "zero"


class Condition(StrEnum):
    NEW = "new"
    REFURBISHED = "refurbished"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowIssue:
    """One remark about one record. The header is record 1; a record may span several lines."""

    record: int
    line: int
    severity: Severity
    code: str
    message: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class ImageDraft:
    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantDraft:
    """What a buyer puts into the cart.

    `options` stands beside the product's option names; an empty value means "any".
    `price_minor` is None only where the file has no price column at all: leave the price alone.
    `tracked` without a `quantity`: counted, but this file doesn't say how many are left.
    `quantity` without `tracked`: the file's figure, which means nothing; keep no stock.
    """

    record: int
    options: tuple[str, ...] = ()
    sku: str = ""
    barcode: str = ""
    price_minor: int | None = None
    compare_at_minor: int | None = None
    currency: str = ""
    tracked: bool = False
    quantity: int | None = None
    weight_grams: int | None = None
    requires_shipping: bool = True
    image_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDraft:
    """One product with all of its variants and pictures.

    `key` is unique within the file and the same in the next export of the same shop.
    `slug` is a wish in ASCII, possibly empty, and other shops may have taken it.
    `categories` are paths from the root, the most telling first; `google_category` is an id.
    `attributes` are (name, value) pairs; a name may come with several values.
    `images` are distinct, in order, the variants' own among them. Nothing was fetched.
    `description_html` has been cleaned.
    """

    key: str
    records: tuple[int, ...]
    title: str = ""
    slug: str = ""
    description_html: str = ""
    brand: str = ""
    categories: tuple[tuple[str, ...], ...] = ()
    google_category: int | None = None
    tags: tuple[str, ...] = ()
    status: Status = Status.PUBLISHED
    listed: bool = True
    tax_class: TaxClass = TaxClass.STANDARD
    condition: Condition = Condition.NEW
    options: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    variants: tuple[VariantDraft, ...] = ()
    images: tuple[ImageDraft, ...] = ()
    seo_title: str = ""
    seo_description: str = ""
    issues: tuple[RowIssue, ...] = field(default=(), compare=False)
