"""What the marketplace keeps of a sale: the operator's rules, and what they came to."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _


class CommissionRule(models.Model):
    """One line of the operator's list. The first that matches a sale sets its commission.

    Empty conditions match everything. Behind the last rule stands MARKETPLACE_COMMISSION.
    """

    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveIntegerField(_("position"), unique=True)
    is_active = models.BooleanField(_("in force"), default=True)

    shop = models.ForeignKey(
        "accounts.Shop", models.CASCADE, null=True, blank=True, related_name="+"
    )
    # With everything below it.
    category = models.ForeignKey(
        "catalog.Category", models.CASCADE, null=True, blank=True, related_name="+"
    )
    min_price_minor = models.PositiveBigIntegerField(_("unit price from"), null=True, blank=True)
    max_price_minor = models.PositiveBigIntegerField(_("unit price up to"), null=True, blank=True)

    # Hundredths of a percent of what the shop earns with the line.
    basis_points = models.PositiveIntegerField(_("rate in hundredths of a percent"), default=0)
    fixed_minor = models.PositiveBigIntegerField(_("fixed amount per unit"), default=0)
    minimum_minor = models.PositiveBigIntegerField(_("at least, per unit"), default=0)
    maximum_minor = models.PositiveBigIntegerField(_("at most, per unit"), null=True, blank=True)

    class Meta:
        verbose_name = _("commission rule")
        verbose_name_plural = _("commission rules")
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=Q(basis_points__lte=10_000), name="commission_is_a_part"
            ),
            models.CheckConstraint(
                condition=Q(maximum_minor=None) | Q(maximum_minor__gte=F("minimum_minor")),
                name="commission_bounds_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Commission(models.Model):
    """The commission of one order line, frozen: rules that change later do not touch it.

    Only what refunds take back is counted up afterwards.
    """

    line = models.OneToOneField("orders.OrderLine", models.PROTECT, related_name="commission")
    rule = models.ForeignKey(
        CommissionRule, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    rule_name = models.CharField(_("rule"), max_length=80)
    # The rule's figures and what it looked at, as they were.
    inputs = models.JSONField(default=dict)
    base_minor = models.PositiveBigIntegerField(_("on"))
    amount_minor = models.PositiveBigIntegerField(_("commission"))
    vat_basis_points = models.PositiveIntegerField(_("VAT rate"), default=0)
    vat_minor = models.PositiveBigIntegerField(_("VAT on commission"), default=0)
    back_minor = models.PositiveBigIntegerField(_("taken back"), default=0)
    vat_back_minor = models.PositiveBigIntegerField(_("VAT taken back"), default=0)
    created_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("commission")
        verbose_name_plural = _("commissions")
        constraints = [
            models.CheckConstraint(
                condition=Q(back_minor__lte=F("amount_minor"), vat_back_minor__lte=F("vat_minor")),
                name="commission_back_within_it",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} on line {self.line_id}"
