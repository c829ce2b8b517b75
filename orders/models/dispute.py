from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from marketflow.core.errors import Refusal
from marketflow.core.money import Money
from orders.models.history import HasHistory
from orders.querysets import DisputeQuerySet


class Disputed(Refusal):
    code = "disputed"
    message = "A dispute about this order is open."


class Dispute(HasHistory):
    """A quarrel about one shop's part. While it is open, that share alone is frozen."""

    SUBJECT = "dispute"

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Decided for the shop")
        LOST = "lost", _("Decided for the buyer")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Origin(models.TextChoices):
        BUYER = "buyer", _("The buyer")
        PROVIDER = "provider", _("The buyer's bank")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    seller_order = models.ForeignKey("orders.SellerOrder", models.PROTECT, related_name="disputes")
    origin = models.CharField(_("opened by"), max_length=10, choices=Origin)
    # The provider's own id, where the bank opened it.
    provider_reference = models.CharField(max_length=120, blank=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveBigIntegerField(_("amount in dispute"))
    fee_minor = models.PositiveBigIntegerField(_("provider's fee"), default=0)
    reason = models.CharField(_("reason"), max_length=500)
    # What the shop says to it, and how staff decided.
    answer = models.TextField(_("answer of the shop"), blank=True)
    decision = models.CharField(_("decision"), max_length=500, blank=True)
    opened_at = models.DateTimeField(_("opened"), default=now)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = DisputeQuerySet.as_manager()

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["seller_order"],
                condition=Q(closed_at=None),
                name="one_open_dispute_per_part",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seller_order} {self.origin}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def state_label(self) -> str:
        return str(self.State(self.state).label) if self.state else ""
