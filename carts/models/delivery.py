"""How shops send their parcels, and the VAT inside prices."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from carts.querysets import ShippingOptionQuerySet, TaxRateQuerySet
from catalog.models import TaxClass
from marketflow.core.money import Money

FRIDAY = 4  # As `date.weekday` counts.
WORKING_DAYS = 5


def working_days_after(day: date, count: int) -> date:
    """The working day, Monday to Friday, `count` of them after `day`; for 0 `day` or the next."""
    if day.weekday() > FRIDAY:
        day -= timedelta(days=day.weekday() - FRIDAY)
        count = max(count, 1)
    weeks, rest = divmod(count, WORKING_DAYS)
    if day.weekday() + rest > FRIDAY:
        rest += 2
    return day + timedelta(weeks=weeks, days=rest)


class ShippingOption(models.Model):
    """One way a shop sends its parcels: a flat price, perhaps free above an amount, somewhere."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    shop = models.ForeignKey("accounts.Shop", models.CASCADE, related_name="shipping_options")
    name = models.CharField(_("name"), max_length=60)
    # Empty: everywhere.
    countries = CountryField(_("countries"), multiple=True, blank=True)
    price_minor = models.PositiveBigIntegerField(_("price"))
    free_above_minor = models.PositiveBigIntegerField(_("free from"), null=True, blank=True)
    currency = models.CharField(max_length=3, editable=False)
    min_days = models.PositiveSmallIntegerField(_("delivery from, working days"), default=2)
    max_days = models.PositiveSmallIntegerField(_("delivery to, working days"), default=5)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("offered"), default=True)

    objects = ShippingOptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("shipping option")
        verbose_name_plural = _("shipping options")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(max_days__gte=F("min_days")), name="delivery_days_in_order"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def reaches(self, country: str) -> bool:
        codes = [place.code for place in self.countries]
        return not codes or country in codes

    def arrives(self, sent: date) -> tuple[date, date]:
        """The first and the last day on which what is ordered on `sent` is promised to arrive.

        Its days are working days: carriers rest at the weekend, and so do most shops.
        """
        first = working_days_after(sent, self.min_days)
        return first, working_days_after(sent, self.max_days)

    def price_for(self, goods_minor: int) -> Money:
        """What sending goods worth `goods_minor` costs."""
        is_free = self.free_above_minor is not None and goods_minor >= self.free_above_minor
        return Money(0 if is_free else self.price_minor, self.currency)


class TaxRate(models.Model):
    """VAT of a tax class in a country, from a day on: the part inside gross prices."""

    country = CountryField(_("country"))
    tax_class = models.CharField(_("tax class"), max_length=10, choices=TaxClass)
    # Hundredths of a percent: 1900 is 19 %.
    basis_points = models.PositiveIntegerField(_("rate in hundredths of a percent"))
    valid_from = models.DateField(_("valid from"))

    objects = TaxRateQuerySet.as_manager()

    class Meta:
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        ordering = ["country", "tax_class", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["country", "tax_class", "valid_from"], name="one_rate_a_day"
            ),
            models.CheckConstraint(condition=Q(basis_points__lte=10000), name="rate_is_a_part"),
        ]

    def __str__(self) -> str:
        return f"{self.country.code} {self.tax_class} {self.basis_points / 100:g} %"
