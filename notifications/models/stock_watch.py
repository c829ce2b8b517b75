from __future__ import annotations

from django.db import models


class StockWatch(models.Model):
    """Whether a stock item was low when it was last looked at: only the way down is news."""

    stock_item = models.OneToOneField(
        "catalog.StockItem", models.CASCADE, primary_key=True, related_name="+"
    )
    is_low = models.BooleanField()
    # How often it has become low: each time is news of its own.
    crossings = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "stock watches"

    def __str__(self) -> str:
        return f"stock item {self.stock_item_id}: {'low' if self.is_low else 'enough'}"
