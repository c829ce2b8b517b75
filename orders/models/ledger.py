"""Double entry: every transfer takes from one account what it gives to another."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from marketflow.core.append_only import append_only
from marketflow.core.money import Money
from orders.querysets import LedgerTransferQuerySet


class LedgerAccount(models.Model):
    """What has gathered under one name. `balance_minor` is debits minus credits."""

    class Kind(models.TextChoices):
        PROVIDER = "provider", _("Payment provider")
        ORDER = "order", _("Order, being settled")
        SHOP_PENDING = "shop_pending", _("Shop, pending")
        SHOP_AVAILABLE = "shop_available", _("Shop, available")
        SHOP_RECEIVABLE = "shop_receivable", _("Owed by the shop")
        COMMISSION = "commission", _("Commission")
        COMMISSION_VAT = "commission_vat", _("VAT on commission")
        PROMOTION = "promotion", _("Promotions paid by the marketplace")
        PROVIDER_FEE = "provider_fee", _("Fees of providers")
        BANK = "bank", _("Bank")

    # What the marketplace owes a shop never turns into what the shop owes: that is `receivable`.
    NEVER_DEBIT = [Kind.SHOP_PENDING, Kind.SHOP_AVAILABLE]
    NEVER_CREDIT = [Kind.SHOP_RECEIVABLE]

    # `shop_pending:17:EUR`: kind, whose, currency.
    key = models.CharField(max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    shop = models.ForeignKey("accounts.Shop", models.PROTECT, null=True, related_name="+")
    order = models.ForeignKey("orders.Order", models.PROTECT, null=True, related_name="+")
    currency = models.CharField(max_length=3)
    balance_minor = models.BigIntegerField(_("balance"), default=0)

    class Meta:
        verbose_name = _("ledger account")
        verbose_name_plural = _("ledger accounts")
        ordering = ["pk"]
        indexes = [models.Index(fields=["shop", "kind"], name="accounts_of_shop")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=["shop_pending", "shop_available"])
                | Q(balance_minor__lte=0),
                name="no_shop_is_overpaid",
            ),
            models.CheckConstraint(
                condition=~Q(kind="shop_receivable") | Q(balance_minor__gte=0),
                name="no_shop_owes_less_than_nothing",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def balance(self) -> Money:
        return Money(self.balance_minor, self.currency)


@append_only
class LedgerTransfer(models.Model):
    """An amount from the credited account to the debited one. Corrections are new rows."""

    debit = models.ForeignKey(LedgerAccount, models.PROTECT, related_name="debits")
    credit = models.ForeignKey(LedgerAccount, models.PROTECT, related_name="credits")
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(max_length=3)
    # The fact it books, such as `captured` or `commission`.
    kind = models.CharField(_("fact"), max_length=30)
    # Names the fact once and for all: booked twice, it is refused.
    dedupe_key = models.CharField(max_length=120, unique=True)
    # What the fact is about, as far as it concerns one of them.
    payment = models.ForeignKey("orders.Payment", models.PROTECT, null=True, related_name="+")
    seller_order = models.ForeignKey(
        "orders.SellerOrder", models.PROTECT, null=True, related_name="transfers"
    )
    refund = models.ForeignKey(
        "orders.Refund", models.PROTECT, null=True, related_name="transfers"
    )
    payout = models.ForeignKey(
        "orders.Payout", models.PROTECT, null=True, related_name="transfers"
    )
    booked_at = models.DateTimeField(_("booked"), default=now)

    objects = LedgerTransferQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger transfer")
        verbose_name_plural = _("ledger transfers")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) & ~Q(debit=F("credit")),
                name="transfer_moves_something",
            ),
        ]

    def __str__(self) -> str:
        return self.dedupe_key

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)
