from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from catalog.querysets import ProductAttributeQuerySet, ProductQuerySet, VariantQuerySet
from marketflow.core.money import Money

MOST_MINOR = 10**12  # A price, a total: beyond it is a mistake.
NEW_FOR = timedelta(days=14)


class TaxClass(models.TextChoices):
    STANDARD = "standard", _("Standard rate")
    REDUCED = "reduced", _("Reduced rate")
    ZERO = "zero", _("Zero rate")


class Product(models.Model):
    """What a shop offers, in one or more variants."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        ARCHIVED = "archived", _("Archived")

    class Condition(models.TextChoices):
        NEW = "new", _("New")
        REFURBISHED = "refurbished", _("Refurbished")
        USED = "used", _("Used")

    shop = models.ForeignKey("accounts.Shop", models.PROTECT, related_name="products")
    title = models.CharField(_("title"), max_length=200)
    slug = models.SlugField(_("address"), max_length=220, unique=True, allow_unicode=True)
    # The shop's own name for it: what a second import of the same file recognises it by.
    handle = models.CharField(_("handle"), max_length=255, blank=True)
    description = models.TextField(_("description"), blank=True)
    brand = models.CharField(_("brand"), max_length=120, blank=True)
    category = models.ForeignKey(
        "catalog.Category", models.PROTECT, null=True, blank=True, related_name="products"
    )
    tags = models.JSONField(_("tags"), default=list, blank=True)
    condition = models.CharField(
        _("condition"), max_length=12, choices=Condition, default=Condition.NEW
    )
    tax_class = models.CharField(
        _("tax class"), max_length=10, choices=TaxClass, default=TaxClass.STANDARD
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    # A hidden product has its page, and is in no list.
    is_listed = models.BooleanField(_("in lists and search"), default=True)
    option1_name = models.CharField(_("first option"), max_length=60, blank=True)
    option2_name = models.CharField(_("second option"), max_length=60, blank=True)
    option3_name = models.CharField(_("third option"), max_length=60, blank=True)
    seo_title = models.CharField(_("title for search engines"), max_length=120, blank=True)
    seo_description = models.CharField(
        _("description for search engines"), max_length=320, blank=True
    )

    # Kept by services.listing from the variants, so that lists sort and filter by an index.
    price_minor = models.PositiveBigIntegerField(_("lowest price"), default=0, editable=False)
    units_sold = models.PositiveIntegerField(_("units sold"), default=0, editable=False)
    rating_average = models.DecimalField(max_digits=3, decimal_places=2, default=0, editable=False)
    rating_count = models.PositiveIntegerField(default=0, editable=False)
    # Everything that words may find: title, brand, category, tags, SKUs.
    keywords = models.TextField(default="", blank=True, editable=False)

    created_at = models.DateTimeField(_("created"), default=now, editable=False)
    updated_at = models.DateTimeField(_("updated"), default=now, editable=False)
    published_at = models.DateTimeField(_("published"), null=True, blank=True, editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["-published_at", "-id"],
                name="product_newest",
                condition=Q(state="published", is_listed=True),
            ),
            models.Index(
                fields=["price_minor", "id"],
                name="product_price",
                condition=Q(state="published", is_listed=True),
            ),
            models.Index(
                fields=["-units_sold", "-id"],
                name="product_popular",
                condition=Q(state="published", is_listed=True),
            ),
            models.Index(
                fields=["category", "-units_sold"],
                name="product_in_category",
                condition=Q(state="published", is_listed=True),
            ),
            models.Index(fields=["shop", "state", "-id"], name="product_of_shop"),
            models.Index(fields=["shop", "updated_at", "id"], name="product_by_change"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "handle"], condition=~Q(handle=""), name="one_product_per_handle"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("product", args=[self.slug])

    @property
    def option_names(self) -> list[str]:
        names = (self.option1_name, self.option2_name, self.option3_name)
        return [name for name in names if name]

    @property
    def is_published(self) -> bool:
        return self.state == self.State.PUBLISHED

    # What cards show, from what `with_card_data()` loaded.

    @property
    def offers(self) -> list[Variant]:
        """Its variants that are for sale."""
        return self.active_variants

    @cached_property
    def cheapest(self) -> Variant | None:
        return min(self.offers, key=lambda variant: variant.price_minor, default=None)

    @property
    def has_several_prices(self) -> bool:
        return len({variant.price_minor for variant in self.offers}) > 1

    @property
    def is_sold_out(self) -> bool:
        return all(variant.level == "out" for variant in self.offers)

    @property
    def few_left(self) -> int:
        """How many are left of the only variant, when they are few."""
        [only] = self.offers if len(self.offers) == 1 else [None]
        return only.available if only and only.level == "low" else 0

    @property
    def is_new(self) -> bool:
        return bool(self.published_at) and self.published_at > now() - NEW_FOR

    @cached_property
    def shown_images(self) -> list:
        return [image for image in self.images.all() if image.is_shown]


class Variant(models.Model):
    """What a buyer actually puts in the cart: a size, a colour, or the only one there is."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    product = models.ForeignKey(Product, models.CASCADE, related_name="variants")
    # The product's shop again, so that the database can keep SKUs unique within it.
    shop = models.ForeignKey(
        "accounts.Shop", models.PROTECT, related_name="variants", editable=False
    )
    sku = models.CharField(_("SKU"), max_length=64, blank=True)
    option1 = models.CharField(_("first option"), max_length=120, blank=True)
    option2 = models.CharField(_("second option"), max_length=120, blank=True)
    option3 = models.CharField(_("third option"), max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    price_minor = models.PositiveBigIntegerField(_("price"))
    compare_at_minor = models.PositiveBigIntegerField(_("former price"), null=True, blank=True)
    currency = models.CharField(max_length=3, editable=False)
    weight_grams = models.PositiveIntegerField(_("weight in grams"), null=True, blank=True)
    barcode = models.CharField(_("barcode"), max_length=32, blank=True)
    needs_shipping = models.BooleanField(_("is shipped"), default=True)
    # Retired variants stay for the orders that name them.
    is_active = models.BooleanField(_("for sale"), default=True)
    # What the last imported file said was on the shelf. The file said it again: nothing changed,
    # whatever was sold in between. It says something else: that is a correction.
    imported_quantity = models.PositiveIntegerField(null=True, blank=True, editable=False)
    image = models.ForeignKey(
        "catalog.ProductImage", models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = VariantQuerySet.as_manager()

    class Meta:
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        ordering = ["position", "pk"]
        indexes = [
            models.Index(fields=["product", "position"], name="variant_in_order"),
            models.Index(fields=["option1"], name="variant_option1"),
            models.Index(Upper("sku"), name="variant_by_sku"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "sku"],
                condition=~Q(sku=""),
                name="sku_unique_in_shop",
                violation_error_message=_("This SKU is used by another product of the shop."),
            ),
            models.CheckConstraint(
                condition=Q(price_minor__lte=MOST_MINOR), name="variant_price_is_sane"
            ),
            models.CheckConstraint(
                condition=Q(compare_at_minor=None) | Q(compare_at_minor__gt=F("price_minor")),
                name="former_price_is_above",
                violation_error_message=_("The former price must be above the price."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product.title} {self.label}".strip()

    def save(self, *args, **kwargs) -> None:
        self.shop_id = self.product.shop_id
        super().save(*args, **kwargs)

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)

    @property
    def compare_at_price(self) -> Money | None:
        if self.compare_at_minor is None:
            return None
        return Money(self.compare_at_minor, self.currency)

    @property
    def percent_off(self) -> int:
        """How much less it costs than before, in whole percent, never more than it is."""
        if not self.compare_at_minor:
            return 0
        return (self.compare_at_minor - self.price_minor) * 100 // self.compare_at_minor

    @property
    def option_values(self) -> list[str]:
        return [value for value in (self.option1, self.option2, self.option3) if value]

    @property
    def options(self) -> dict[str, str]:
        """Option name to value. Needs the product loaded."""
        names = (self.product.option1_name, self.product.option2_name, self.product.option3_name)
        values = (self.option1, self.option2, self.option3)
        pairs = zip(names, values, strict=True)
        return {name: value for name, value in pairs if name and value}

    @property
    def label(self) -> str:
        return " / ".join(self.option_values)

    @property
    def stock_item(self):
        """Its StockItem; None where stock is not tracked."""
        return getattr(self, "stock", None)

    @property
    def level(self) -> str:
        """`in`, `low` or `out`. An untracked variant never runs out."""
        if not self.is_active:
            return "out"
        return self.stock_item.level if self.stock_item else "in"

    @property
    def available(self) -> int | None:
        """Free units; None where stock is not tracked."""
        return self.stock_item.available if self.stock_item else None


class ProductAttribute(models.Model):
    """A fact about a product that people filter by: Material, Colour, Capacity."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="attributes")
    name = models.CharField(_("name"), max_length=60)
    value = models.CharField(_("value"), max_length=200)
    position = models.PositiveSmallIntegerField(default=0)

    objects = ProductAttributeQuerySet.as_manager()

    class Meta:
        verbose_name = _("attribute")
        verbose_name_plural = _("attributes")
        ordering = ["position", "pk"]
        indexes = [models.Index(fields=["name", "value"], name="attribute_facet")]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "name", "value"], name="attribute_said_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"
