"""Numbered documents: what was sold, credited, and charged as commission."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from marketflow.core.append_only import append_only
from marketflow.core.money import Money
from orders.querysets import InvoiceQuerySet


class InvoiceSeries(models.Model):
    """Numbers without a gap, counted under a lock. One series per issuer and kind."""

    # `sale:17`, `credit_note:17`, `commission`: kind and shop.
    key = models.CharField(max_length=40, unique=True)
    prefix = models.CharField(max_length=20)
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("series of numbers")
        verbose_name_plural = _("series of numbers")

    def __str__(self) -> str:
        return self.key


@append_only
class Invoice(models.Model):
    """A document as it was issued. Its text is kept; the PDF is drawn from it when asked for."""

    class Kind(models.TextChoices):
        SALE = "sale", _("Invoice")
        CREDIT_NOTE = "credit_note", _("Credit note")
        COMMISSION = "commission", _("Commission invoice")
        COMMISSION_CREDIT = "commission_credit", _("Commission credit note")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    series = models.ForeignKey(InvoiceSeries, models.PROTECT, related_name="invoices")
    number = models.PositiveIntegerField(_("number"))
    # What it documents, once: `sale:<part>`, `credit_note:<refund>`, `commission:17:2026-10`.
    dedupe_key = models.CharField(max_length=60, unique=True)
    shop = models.ForeignKey("accounts.Shop", models.PROTECT, related_name="invoices")
    seller_order = models.ForeignKey(
        "orders.SellerOrder", models.PROTECT, null=True, related_name="invoices"
    )
    refund = models.ForeignKey(
        "orders.Refund", models.PROTECT, null=True, related_name="credit_notes"
    )
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField(_("total"))
    tax_minor = models.BigIntegerField(_("VAT"))
    # Everything printed: parties, lines, rates.
    content = models.JSONField(default=dict)
    issued_at = models.DateTimeField(_("issued"), default=now)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["series", "number"], name="one_invoice_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.series.prefix}{self.number:06d}"

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_minor, self.currency)

    @property
    def filename(self) -> str:
        return f"{self}.pdf"
