from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from marketflow.core.append_only import append_only
from marketflow.core.money import Money
from orders.models.history import HasHistory
from orders.querysets import PayoutQuerySet


class Payout(HasHistory):
    """A shop's cleared balance, sent to its bank. What it covers is never edited."""

    SUBJECT = "payout"

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        PROCESSING = "processing", _("Processing")
        PAID = "paid", _("Paid")
        FAILED = "failed", _("Failed")
        RETURNED = "returned", _("Returned by the bank")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    # Counted per shop: payout 7 of this shop.
    number = models.PositiveIntegerField(_("number"))
    shop = models.ForeignKey("accounts.Shop", models.PROTECT, related_name="payouts")
    bank_account = models.ForeignKey("accounts.BankAccount", models.PROTECT, related_name="+")
    # Where it went, as it was: "IE•• •••• 4242".
    sent_to = models.CharField(_("sent to"), max_length=60)
    provider = models.CharField(_("provider"), max_length=20)
    provider_reference = models.CharField(max_length=120, blank=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveBigIntegerField(_("amount"))
    failure = models.CharField(_("failure"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("made"), default=now)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = PayoutQuerySet.as_manager()

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "number"], name="payouts_of_a_shop_counted"),
            models.UniqueConstraint(
                fields=["shop", "currency"],
                condition=Q(closed_at=None),
                name="one_open_payout_per_shop",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payout_pays_something"),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id}-{self.number}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def state_label(self) -> str:
        return str(self.State(self.state).label) if self.state else ""

    @property
    def key(self) -> str:
        """What the provider knows it by: sent twice, it is carried out once."""
        return f"payout:{self.uuid}"


@append_only
class PayoutItem(models.Model):
    """A movement of the shop's available balance that a payout covers: once, for ever."""

    payout = models.ForeignKey(Payout, models.PROTECT, related_name="items")
    transfer = models.OneToOneField(
        "orders.LedgerTransfer", models.PROTECT, related_name="payout_item"
    )

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.payout_id}: {self.transfer_id}"
