"""Carrying out plans: one savepoint per product, so that a bad one costs no other.

Runs inside the transaction of a batch. Stock goes through `inventory` and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DataError, IntegrityError, transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import Shop
from catalog.events import ProductsPublished
from catalog.models import Category, Product, ProductAttribute, ProductImage, StockItem, Variant
from catalog.services import inventory, listing
from catalog.services.importing.categories import Categories
from catalog.services.importing.drafts import RowIssue, Severity
from catalog.services.importing.plans import Outcome, ProductPlan, VariantPlan
from marketflow.core.events import publish

# What is kept of every change, so that it can be undone.
Changes = dict[str, Any]


@dataclass
class Done:
    """What came of a plan."""

    plan: ProductPlan
    outcome: Outcome
    product: Product | None = None
    changes: Changes = field(default_factory=dict)


class Batch:
    """The plans of one transaction. `finish` does what is cheaper for many at once."""

    def __init__(self, shop: Shop, categories: Categories, key: str) -> None:
        self.shop = shop
        self.categories = categories
        # Names the run, so that no stock movement of it is made twice.
        self.key = key
        self._changed: list[Product] = []
        self._published: list[int] = []
        self._openings: list[tuple[Variant, int]] = []

    def carry_out(self, plan: ProductPlan) -> Done:
        """Do it, or nothing of it: then the reason is among the plan's issues."""
        if plan.is_refused:
            return Done(plan, Outcome.ERROR)
        outcome = plan.outcome
        if plan.is_quiet:
            return Done(plan, outcome, plan.product)
        # Outside the savepoint: the category stays made, whatever becomes of the product.
        category = self.categories.make(plan.new_category) if plan.new_category else plan.category
        writer = _Writer(self, plan, category)
        try:
            with transaction.atomic():
                product = writer.write()
        except (IntegrityError, DataError) as problem:
            plan.issues.append(_conflict(plan, problem))
            return Done(plan, Outcome.ERROR)
        self._openings += writer.openings
        if outcome != Outcome.UNCHANGED:
            self._changed.append(product)
        if writer.is_first_published:
            self._published.append(product.pk)
        return Done(plan, outcome, product, writer.changes)

    def finish(self) -> None:
        """Open the new variants' stock, and tell lists and hearers of what changed.

        Publishes `ProductChanged`, and `ProductsPublished` of what is new on sale.
        """
        if self._openings:
            inventory.open_many(self._openings)
        if self._changed:
            listing.refresh(self._changed)
        if self._published:
            publish(ProductsPublished(shop_id=self.shop.pk, product_ids=self._published))


def _conflict(plan: ProductPlan, problem: Exception) -> RowIssue:
    message = _("The product could not be written: %(problem)s")
    return RowIssue(
        record=plan.draft.records[0],
        line=0,
        severity=Severity.ERROR,
        code="not_written",
        message=message % {"problem": str(problem).splitlines()[0]},
    )


class _Writer:
    """One plan within its savepoint."""

    def __init__(self, batch: Batch, plan: ProductPlan, category: Category | None) -> None:
        self.batch = batch
        self.plan = plan
        self.category = category
        self.changes: Changes = {}
        self.is_first_published = False
        self.openings: list[tuple[Variant, int]] = []

    def write(self) -> Product:
        plan = self.plan
        product = self._create() if plan.product is None else self._update(plan.product)
        if plan.attributes is not None:
            self._write_attributes(product)
        images = self._write_pictures(product)
        self._create_variants(product, images)
        for planned in plan.variants:
            if planned.variant:
                self._update_variant(planned.variant, planned, images.get(planned.picture_url))
        return product

    def _create(self) -> Product:
        values = {name: new for name, (_old, new) in self.plan.fields.items()}
        values.pop("category", None)
        draft = self.plan.draft
        self.is_first_published = values["state"] == Product.State.PUBLISHED
        return Product.objects.create(
            shop=self.batch.shop,
            handle=draft.key,
            slug=listing.free_slug(draft.slug or draft.title),
            category=self.category,
            published_at=now() if self.is_first_published else None,
            **values,
        )

    def _update(self, product: Product) -> Product:
        fields = dict(self.plan.fields)
        if not fields:
            return product
        self.changes["product"] = dict(fields)
        names = []
        if fields.pop("category", None):
            self.changes["product"]["category_id"] = [
                product.category_id,
                self.category.pk if self.category else None,
            ]
            product.category = self.category
            names.append("category")
        for name, (_old, new) in fields.items():
            setattr(product, name, new)
            names.append(name)
        if product.is_published and product.published_at is None:
            self.is_first_published = True
            product.published_at = now()
            names.append("published_at")
        product.save(update_fields=names)
        return product

    def _write_attributes(self, product: Product) -> None:
        old, new = self.plan.attributes
        if self.plan.product:
            self.changes["attributes"] = [old, new]
        replace_attributes(product, new)

    def _write_pictures(self, product: Product) -> dict[str, ProductImage]:
        """The pictures of the file by their addresses, the new ones written at once."""
        new = ProductImage.objects.bulk_create(
            ProductImage(
                product=product,
                source_url=picture.url,
                alt=picture.alt,
                position=picture.position,
                state=ProductImage.State.REMOTE,
            )
            for picture in self.plan.pictures
            if picture.image is None
        )
        self._note_new("new_pictures", new)
        images = {image.source_url: image for image in new}
        for picture in self.plan.pictures:
            if picture.image:
                self._write_fields("pictures", picture.image, picture.fields)
                images[picture.url] = picture.image
        return images

    def _create_variants(self, product: Product, images: dict[str, ProductImage]) -> None:
        plans = [planned for planned in self.plan.variants if planned.variant is None]
        new = Variant.objects.bulk_create(
            Variant(
                product=product,
                shop=self.batch.shop,
                image=images.get(planned.picture_url),
                position=planned.position,
                imported_quantity=planned.remembers,
                **{name: new for name, (_old, new) in planned.fields.items() if name != "image"},
            )
            for planned in plans
        )
        self._note_new("new_variants", new)
        for variant, planned in zip(new, plans, strict=True):
            if planned.opens_with is not None:
                self.openings.append((variant, planned.opens_with))

    def _update_variant(
        self, variant: Variant, planned: VariantPlan, image: ProductImage | None
    ) -> None:
        fields = dict(planned.fields)
        if fields.pop("image", None):
            fields["image_id"] = [variant.image_id, image.pk if image else None]
        remembers = planned.remembers
        if not self._move_stock(variant, planned):
            remembers = None
        if remembers is not None:
            fields["imported_quantity"] = [variant.imported_quantity, remembers]
        self._write_fields("variants", variant, fields)

    def _move_stock(self, variant: Variant, planned: VariantPlan) -> bool:
        """Whether the shelf is now as the file says."""
        if planned.opens_with is not None:
            self.openings.append((variant, planned.opens_with))
            self.changes.setdefault("tracked", []).append(variant.pk)
        if planned.counts is None:
            return True
        old, new = planned.counts
        item: StockItem = variant.stock
        try:
            inventory.count(item, new, key=f"{self.batch.key}:{variant.pk}", note=_("Import"))
        except inventory.BelowAllocated as refusal:
            self.plan.issues.append(
                RowIssue(
                    record=planned.draft.record,
                    line=0,
                    severity=Severity.ERROR,
                    code=refusal.code,
                    message=str(refusal.message),
                    column="quantity",
                )
            )
            return False
        self.changes.setdefault("stock", {})[str(variant.pk)] = [old, new]
        return True

    def _write_fields(self, what: str, row: Variant | ProductImage, fields: dict) -> None:
        if not fields:
            return
        for name, (_old, new) in fields.items():
            setattr(row, name, new)
        row.save(update_fields=list(fields))
        self.changes.setdefault(what, {})[str(row.pk)] = fields

    def _note_new(self, what: str, rows: Sequence[Variant | ProductImage]) -> None:
        # What a new product has goes with the product.
        if self.plan.product and rows:
            self.changes[what] = [row.pk for row in rows]


def replace_attributes(product: Product, pairs: list) -> None:
    product.attributes.all().delete()
    ProductAttribute.objects.bulk_create(
        ProductAttribute(product=product, name=name, value=value, position=position)
        for position, (name, value) in enumerate(pairs)
    )
