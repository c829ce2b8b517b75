"""What happened, counted by day. Everything here can be computed again from the source tables."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Shop


class DailySalesQuerySet(models.QuerySet):
    def managed_by(self, user):
        return self.filter(shop__in=Shop.objects.managed_by(user))


class DailySales(models.Model):
    """What a shop sold on a day (UTC), by the day it was paid. Cancelled orders don't count."""

    day = models.DateField(_("day"))
    shop = models.ForeignKey("accounts.Shop", models.CASCADE, related_name="daily_sales")
    currency = models.CharField(max_length=3)
    orders = models.PositiveIntegerField(_("orders"))
    units = models.PositiveIntegerField(_("units"))
    gross_minor = models.PositiveBigIntegerField(_("sales, delivery included"))

    objects = DailySalesQuerySet.as_manager()

    class Meta:
        verbose_name = _("sales of a day")
        verbose_name_plural = _("sales by day")
        ordering = ["-day", "shop"]
        constraints = [
            models.UniqueConstraint(fields=["day", "shop", "currency"], name="one_row_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.shop} {self.day}"
