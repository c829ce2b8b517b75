"""What was sold, counted by day. All of it can be computed again from the source tables."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Shop


class OfShopsQuerySet(models.QuerySet):
    def managed_by(self, user, duty: str = ""):
        return self.filter(shop__in=Shop.objects.managed_by(user, duty))

    def between(self, first, last):
        """Of the days from `first` to `last`, both included."""
        return self.filter(day__gte=first, day__lte=last)


class DailySales(models.Model):
    """What a shop sold and gave back on a day (UTC).

    A sale counts on the day it was paid, whatever became of it; money that went back counts on
    the day it went. So a day that is over stays as it was.
    """

    day = models.DateField(_("day"))
    shop = models.ForeignKey("accounts.Shop", models.CASCADE, related_name="daily_sales")
    currency = models.CharField(max_length=3)
    orders = models.PositiveIntegerField(_("orders"))
    units = models.PositiveIntegerField(_("units"))
    # What buyers paid; of it nothing that a promotion took off.
    gross_minor = models.PositiveBigIntegerField(_("sales, delivery included"))
    discount_minor = models.PositiveBigIntegerField(_("taken off by promotions"), default=0)
    refunded_minor = models.PositiveBigIntegerField(_("refunded"), default=0)
    # People whose first order here this was, and the others.
    new_buyers = models.PositiveIntegerField(_("new buyers"), default=0)
    returning_buyers = models.PositiveIntegerField(_("returning buyers"), default=0)

    objects = OfShopsQuerySet.as_manager()

    class Meta:
        verbose_name = _("sales of a day")
        verbose_name_plural = _("sales by day")
        ordering = ["-day", "shop"]
        constraints = [
            models.UniqueConstraint(fields=["day", "shop", "currency"], name="one_row_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.shop} {self.day}"


class ProductTraffic(models.Model):
    """How much of a product left the shelf for money on a day (UTC), by the day it was paid."""

    day = models.DateField(_("day"))
    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="traffic")
    shop = models.ForeignKey("accounts.Shop", models.CASCADE, related_name="+")
    currency = models.CharField(max_length=3)
    orders = models.PositiveIntegerField(_("orders"))
    units = models.PositiveIntegerField(_("units"))
    sales_minor = models.PositiveBigIntegerField(_("sales"))

    objects = OfShopsQuerySet.as_manager()

    class Meta:
        verbose_name = _("traffic of a product")
        verbose_name_plural = _("traffic of products")
        ordering = ["-day", "product"]
        indexes = [models.Index(fields=["shop", "day"], name="traffic_of_shop")]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "product", "currency"], name="one_row_a_day_and_product"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.day}"
