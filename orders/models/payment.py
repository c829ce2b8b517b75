from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from marketflow.core.money import Money
from orders.models.history import HasHistory
from orders.querysets import PaymentQuerySet


class Payment(HasHistory):
    """One attempt to pay an order. Committed before the provider is called."""

    SUBJECT = "payment"

    class State(models.TextChoices):
        CREATED = "created", _("Started")
        REQUIRES_ACTION = "requires_action", _("Waiting for the buyer's bank")
        PROCESSING = "processing", _("Being processed")
        CAPTURED = "captured", _("Paid")
        FAILED = "failed", _("Failed")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="payments")
    provider = models.CharField(_("provider"), max_length=20)
    # The provider's own id; blank until it has answered.
    provider_reference = models.CharField(max_length=120, blank=True)
    # How it was paid, in words a buyer knows: "Card ending 4242". Never card data.
    method = models.CharField(_("method"), max_length=60, blank=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveBigIntegerField(_("amount"))
    captured_minor = models.PositiveBigIntegerField(_("captured"), default=0)
    authorised_minor = models.PositiveBigIntegerField(_("authorised"), default=0)
    # What the provider kept of it. Null until it has said: it may reckon that after the capture.
    fee_minor = models.PositiveBigIntegerField(_("fee of the provider"), null=True, blank=True)
    # Decided: refunds under way and done. Taken by a conditional UPDATE before any is sent.
    refund_decided_minor = models.PositiveBigIntegerField(_("to be refunded"), default=0)
    refunded_minor = models.PositiveBigIntegerField(_("refunded"), default=0)
    # Why it failed: a stable code, such as `card_declined`.
    failure = models.CharField(_("failure"), max_length=60, blank=True)
    # Where the buyer confirms it, while an action is required.
    action_url = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(_("started"), default=now)
    captured_at = models.DateTimeField(_("captured"), null=True, blank=True)
    # Null while the attempt is open: started, waiting, or its outcome unknown.
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    # For the answer to who started it, and never stored: opens the payment to their program.
    client_secret = ""

    objects = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["captured_at"],
                condition=Q(state="captured", fee_minor=None),
                name="payments_without_fee",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(closed_at=None), name="one_open_payment_per_order"
            ),
            models.CheckConstraint(
                condition=Q(
                    refunded_minor__lte=F("refund_decided_minor"),
                    refund_decided_minor__lte=F("captured_minor"),
                ),
                name="refunds_within_the_capture",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.uuid}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def fee(self) -> Money | None:
        return None if self.fee_minor is None else Money(self.fee_minor, self.currency)

    @property
    def state_label(self) -> str:
        return str(self.State(self.state).label) if self.state else ""
