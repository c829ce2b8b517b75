"""Taking an import back, as far as the world has not gone on since.

New products are deleted; archived instead where orders name them or their stock was counted,
whose book is never erased. Changed values go back to what they were, unless somebody has changed
them again. What could not be undone is named with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Category, ImportJob, ImportRow, Product, ProductImage, Variant
from catalog.services import inventory, listing, pictures
from catalog.services.importing.apply import replace_attributes
from marketflow.core.errors import Refusal

State = ImportJob.State
Outcome = ImportRow.Outcome


class NotUndoable(Refusal):
    code = "import_not_undoable"
    message = gettext_lazy("Only an import that is done can be undone, and only once.")


@dataclass
class Undone:
    """How many products were taken back, and which could not be, or not wholly, and why."""

    undone: int = 0
    kept: list[tuple[str, str]] = field(default_factory=list)


@transaction.atomic
def undo(job: ImportJob) -> Undone:
    """Undo a finished import, each product as far as it goes. Raises NotUndoable."""
    finished = ImportJob.objects.filter(pk=job.pk, state=State.DONE, is_dry_run=False)
    if not finished.update(state=State.UNDONE):
        raise NotUndoable
    result = Undone()
    touched = job.rows.filter(outcome__in=[Outcome.CREATED, Outcome.UPDATED]).order_by("-pk")
    for row in touched.select_related("product").iterator(chunk_size=200):
        reasons = _undo_row(row)
        result.undone += not reasons
        result.kept += [(row.handle, reason) for reason in reasons]
    job.refresh_from_db()
    job.counts["undone"], job.counts["kept"] = result.undone, result.kept
    job.save(update_fields=["counts"])
    return result


def _undo_row(row: ImportRow) -> list[str]:
    product = row.product
    if product is None:
        return []  # Somebody has deleted it already.
    if _changed_later(row):
        return [_("A later import changed it. Undo that one first.")]
    reverting = _Reverting(row, product)
    with transaction.atomic():
        if row.outcome == Outcome.CREATED:
            reverting.take_back_product()
        else:
            reverting.take_back_changes()
    return reverting.reasons


def _changed_later(row: ImportRow) -> bool:
    later = ImportRow.objects.filter(product=row.product, job_id__gt=row.job_id)
    return (
        later.filter(outcome__in=[Outcome.CREATED, Outcome.UPDATED])
        .exclude(job__state=State.UNDONE)
        .exclude(job__is_dry_run=True)
        .exists()
    )


class _Reverting:
    def __init__(self, row: ImportRow, product: Product) -> None:
        self.row = row
        self.product = product
        self.changes: dict[str, Any] = row.changes
        self.reasons: list[str] = []

    def take_back_product(self) -> None:
        variants = list(self.product.variants.select_related("stock"))
        if not any(variant.stock_item for variant in variants) and _deleted(self.product):
            return
        for variant in variants:
            self._empty(variant)
        Variant.objects.filter(product=self.product).update(imported_quantity=None)
        if self.product.state != Product.State.ARCHIVED:
            listing.archive_product(self.product)

    def take_back_changes(self) -> None:
        self._take_back_fields(self.product, self._product_fields())
        if attributes := self.changes.get("attributes"):
            self._take_back_attributes(*attributes)
        for pk, fields in self.changes.get("variants", {}).items():
            self._take_back_of(Variant, pk, fields)
        for pk, fields in self.changes.get("pictures", {}).items():
            self._take_back_of(ProductImage, pk, fields)
        for pk, (old, new) in self.changes.get("stock", {}).items():
            self._take_back_stock(pk, new - old)
        for pk in self.changes.get("new_variants", []):
            self._take_back_variant(pk)
        for pk in self.changes.get("tracked", []):
            self._empty(Variant.objects.select_related("stock").get(pk=pk))
        for image in ProductImage.objects.filter(pk__in=self.changes.get("new_pictures", [])):
            pictures.remove_picture(image)
        listing.refresh([self.product])

    def _product_fields(self) -> dict[str, list]:
        fields = dict(self.changes.get("product", {}))
        fields.pop("category", None)  # Its name; what counts is the id.
        old_category = fields.get("category_id", [None])[0]
        if old_category and not Category.objects.filter(pk=old_category).exists():
            del fields["category_id"]
            self.reasons.append(_("The category it had is gone."))
        return fields

    def _take_back_fields(self, row: models.Model, fields: dict[str, list]) -> None:
        names = []
        for name, (old, new) in fields.items():
            if getattr(row, name) == new:
                setattr(row, name, old)
                names.append(name)
            else:
                self.reasons.append(_("%(field)s was changed since.") % {"field": name})
        if names:
            self._save(row, names)

    def _save(self, row: models.Model, names: list[str]) -> None:
        try:
            with transaction.atomic():
                row.save(update_fields=names)
        except IntegrityError:
            # Such as an old SKU that another variant has by now.
            self.reasons.append(_("The old values are not free any more."))
            row.refresh_from_db()

    def _take_back_of(self, model: type[models.Model], pk: str, fields: dict[str, list]) -> None:
        row = model.objects.filter(pk=pk, product=self.product).first()
        if row:
            self._take_back_fields(row, fields)

    def _take_back_attributes(self, old: list, new: list) -> None:
        current = [[a.name, a.value] for a in self.product.attributes.all()]
        if current != [list(pair) for pair in new]:
            self.reasons.append(_("The attributes were changed since."))
            return
        replace_attributes(self.product, old)

    def _take_back_stock(self, pk: str, delta: int) -> None:
        variant = Variant.objects.select_related("stock").filter(pk=pk).first()
        if variant and variant.stock_item:
            self._change(variant, -delta)

    def _take_back_variant(self, pk: int) -> None:
        variant = Variant.objects.select_related("stock").filter(pk=pk).first()
        if variant is None or (not variant.stock_item and _deleted(variant)):
            return
        self._empty(variant)
        Variant.objects.filter(pk=pk).update(is_active=False, imported_quantity=None)

    def _empty(self, variant: Variant) -> None:
        if variant.stock_item:
            self._change(variant, -variant.stock_item.on_hand)

    def _change(self, variant: Variant, delta: int) -> None:
        key = f"undo:{self.row.job_id}:{variant.pk}"
        try:
            inventory.change(variant.stock, delta, key=key, note=_("Import undone"))
        except inventory.BelowAllocated as refusal:
            self.reasons.append(str(refusal.message))


def _deleted(row: Product | Variant) -> bool:
    """Whether it could be deleted: nothing that is kept names it. Its pictures' files go along."""
    images = list(row.images.all()) if isinstance(row, Product) else []
    pk = row.pk
    try:
        with transaction.atomic():
            row.delete()
    except ProtectedError:
        row.pk = pk
        return False
    for image in images:
        transaction.on_commit(lambda image=image: pictures.forget_files(image), robust=True)
    return True
