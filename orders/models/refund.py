from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from marketflow.core.money import Money
from orders.models.history import HasHistory
from orders.querysets import RefundQuerySet


class Refund(HasHistory):
    """Money that goes back: decided here, then carried out by the provider."""

    SUBJECT = "refund"

    class State(models.TextChoices):
        PENDING = "pending", _("Under way")
        SUCCEEDED = "succeeded", _("Refunded")
        FAILED = "failed", _("Failed")

    class Kind(models.TextChoices):
        CANCELLATION = "cancellation", _("Cancelled")
        RETURN = "return", _("Returned")
        GOODWILL = "goodwill", _("Refund by the shop")
        DISPUTE = "dispute", _("Dispute")
        # By hand at the provider, and told by it.
        PROVIDER = "provider", _("Refunded at the payment provider")
        # For an order that was closed or paid already: belongs to no shop's part.
        EXCESS = "excess", _("Paid without need")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=15, choices=Kind)
    payment = models.ForeignKey("orders.Payment", models.PROTECT, related_name="refunds")
    seller_order = models.ForeignKey(
        "orders.SellerOrder", models.PROTECT, null=True, related_name="refunds"
    )
    returned = models.ForeignKey(
        "orders.Return", models.PROTECT, null=True, blank=True, related_name="refunds"
    )
    currency = models.CharField(max_length=3)
    # Goods and delivery together; `shipping_minor` of it is delivery.
    amount_minor = models.PositiveBigIntegerField(_("amount"))
    shipping_minor = models.PositiveBigIntegerField(_("of it delivery"), default=0)
    tax_included_minor = models.PositiveBigIntegerField(_("VAT included"), default=0)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    provider_reference = models.CharField(max_length=120, blank=True)
    failure = models.CharField(_("failure"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("decided"), default=now)
    # Stays where the money came back afterwards, as its credit note does.
    succeeded_at = models.DateTimeField(_("refunded"), null=True, blank=True)

    objects = RefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["created_at"], name="refunds_under_way", condition=Q(state="pending")
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def shipping(self) -> Money:
        return Money(self.shipping_minor, self.currency)

    @property
    def state_label(self) -> str:
        return str(self.State(self.state).label) if self.state else ""

    @property
    def times_sent(self) -> int:
        """How often the provider said that it was paid; more than once where it came back."""
        return self.history.filter(dst=self.State.SUCCEEDED).count()

    @property
    def key(self) -> str:
        """What the provider knows it by: sent twice, it is carried out once.

        One that failed and was decided anew goes by another key, or it would fail as before.
        """
        tries = self.history.filter(dst=self.State.PENDING).count()
        return f"refund:{self.uuid}" if tries < 2 else f"refund:{self.uuid}:{tries}"


class RefundLine(models.Model):
    """What a refund gives back of one order line: units, or money alone."""

    refund = models.ForeignKey(Refund, models.CASCADE, related_name="lines")
    line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="refund_lines")
    quantity = models.PositiveIntegerField(_("units"), default=0)
    amount_minor = models.PositiveBigIntegerField(_("amount"))
    tax_included_minor = models.PositiveBigIntegerField(_("VAT included"), default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund", "line"], name="line_once_in_a_refund"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} of line {self.line_id}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.refund.currency)
