from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from chat.models.message import Message
from chat.querysets import ProposalQuerySet
from marketflow.core.money import Money


class Proposal(models.Model):
    """What one side asks of the other about an order. Accepted, the real service runs."""

    class Kind(models.TextChoices):
        REFUND = "refund", _("Partial refund")
        CANCELLATION = "cancellation", _("Cancellation")
        RETURN = "return", _("Return")

    class State(models.TextChoices):
        OPEN = "open", _("Waiting for an answer")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    message = models.OneToOneField(Message, models.CASCADE, related_name="proposal")
    kind = models.CharField(max_length=12, choices=Kind)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    part = models.ForeignKey("orders.SellerOrder", models.PROTECT, related_name="proposals")
    # Of a refund: what the shop offers.
    amount_minor = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    # What it led to.
    refund = models.OneToOneField(
        "orders.Refund", models.PROTECT, null=True, blank=True, related_name="proposal"
    )
    parcel = models.OneToOneField(
        "orders.Return", models.PROTECT, null=True, blank=True, related_name="proposal"
    )
    decided_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="refund") | Q(amount_minor__gt=0), name="refund_of_something"
            ),
            # Who asks twice waits for one answer.
            models.UniqueConstraint(
                fields=["part", "kind"],
                condition=Q(state="open"),
                name="one_open_proposal_of_a_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.part_id} {self.state}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def is_waiting(self) -> bool:
        """Whether it can be answered: a return may have been answered elsewhere."""
        is_open = self.state == self.State.OPEN
        return is_open and (self.parcel is None or self.parcel.state == "requested")
