from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.querysets import BankAccountQuerySet


class BankAccount(models.Model):
    """Where a shop's money goes. A new one replaces the last, and pays out only after a while."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    shop = models.ForeignKey("accounts.Shop", models.PROTECT, related_name="bank_accounts")
    holder = models.CharField(_("account holder"), max_length=140)
    iban = models.CharField(_("IBAN"), max_length=34)
    # The shop's account at the payment provider, where it pays out through one.
    provider_account = models.CharField(max_length=60, blank=True)
    # Since when the provider sends money there; null while it still asks the shop for something.
    provider_ready_at = models.DateTimeField(null=True, blank=True, editable=False)
    added_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, related_name="+", editable=False
    )
    added_at = models.DateTimeField(_("added"), default=now)
    # The database's clock plus PAYOUT_COOLING_DAYS.
    usable_from = models.DateTimeField(_("pays out from"))
    # Whom the mail about it went to. The next one's goes there too: whoever takes an account over
    # changes its address first.
    told = models.JSONField(default=list, editable=False)
    replaced_at = models.DateTimeField(_("replaced"), null=True, blank=True)

    objects = BankAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("bank account")
        verbose_name_plural = _("bank accounts")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shop"], condition=Q(replaced_at=None), name="one_bank_account_in_use"
            ),
        ]

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """Country and last four characters: enough to know it by."""
        return f"{self.iban[:2]}•• •••• {self.iban[-4:]}"
