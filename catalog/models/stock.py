from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from catalog.models.product import Variant
from catalog.querysets import StockItemQuerySet, StockMovementQuerySet
from marketflow.core.append_only import append_only

LOW = 5  # From here down, pages say how many are left.


class StockItem(models.Model):
    """How many of a variant the shop has, and how many of those are promised to orders.

    Only `services.inventory` writes it. An untracked variant has none.
    """

    variant = models.OneToOneField(Variant, models.PROTECT, related_name="stock")
    on_hand = models.PositiveIntegerField(_("on hand"), default=0)
    allocated = models.PositiveIntegerField(_("promised to orders"), default=0)
    # The database's clock: lists of what changed since an hour are asked by it too.
    changed_at = models.DateTimeField(_("changed"), db_default=Now(), editable=False)
    # Of which hour the last count is that a program sent: an older one comes too late.
    counted_at = models.DateTimeField(_("counted"), null=True, editable=False)

    objects = StockItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock item")
        verbose_name_plural = _("stock")
        indexes = [models.Index(fields=["changed_at", "id"], name="stock_by_change")]
        constraints = [
            models.CheckConstraint(
                condition=Q(allocated__lte=F("on_hand")), name="stock_is_never_oversold"
            ),
        ]

    def __str__(self) -> str:
        return " · ".join(filter(None, [self.variant.sku, str(self.variant)]))

    @property
    def available(self) -> int:
        return self.on_hand - self.allocated

    @property
    def level(self) -> str:
        if self.available <= 0:
            return "out"
        return "low" if self.available <= LOW else "in"


@append_only
class StockMovement(models.Model):
    """Why `on_hand` changed. The movements of an item add up to it. Never changed, only added."""

    class Kind(models.TextChoices):
        OPENING = "opening", _("Opening")
        RECEIPT = "receipt", _("Receipt")
        SALE = "sale", _("Sale")
        RETURN = "return", _("Return")
        CORRECTION = "correction", _("Correction")

    stock_item = models.ForeignKey(StockItem, models.PROTECT, related_name="movements")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    delta = models.IntegerField(_("change"))
    # A number, not a foreign key: the catalogue can't see orders.
    order_line_ref = models.BigIntegerField(null=True, blank=True)
    dedupe_key = models.CharField(max_length=120, unique=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    moved_at = models.DateTimeField(_("when"), default=now)
    # Of a count taken earlier: since when the shelf was as this movement makes it.
    as_of = models.DateTimeField(_("counted"), null=True, blank=True)

    objects = StockMovementQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["order_line_ref"], name="movement_of_line")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.delta:+d}"
