"""Where a shop's money goes. Whoever takes over a seller's account wants exactly this changed."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from structlog.contextvars import get_contextvars

from accounts import iban as ibans
from accounts.events import BankAccountReplaced
from accounts.models import BankAccount, Shop, ShopMember, User
from marketflow.core.events import publish
from marketflow.core.models import AuditEntry


@transaction.atomic
def replace(*, shop: Shop, holder: str, iban: str, by: User) -> BankAccount:
    """Have `shop` paid to `iban` from PAYOUT_COOLING_DAYS on, and never again to the last one.

    The same account entered again stays as it is. Locks the shop. Raises ValidationError for an
    impossible IBAN. Publishes `BankAccountReplaced`.
    """
    iban = ibans.plain(iban)
    ibans.validate(iban)
    # A payout that is being made finishes first, to the account it found.
    Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
    last = shop.bank_accounts.in_use().first()
    if last is not None and (last.iban, last.holder) == (iban, holder):
        return last
    shop.bank_accounts.in_use().update(replaced_at=Now())
    account = BankAccount.objects.create(
        shop=shop,
        holder=holder,
        iban=iban,
        added_by=by,
        usable_from=Now() + timedelta(days=settings.PAYOUT_COOLING_DAYS),
        told=_owners(shop),
    )
    account.refresh_from_db()
    AuditEntry.objects.create(
        actor=by,
        action="bank_account_replaced",
        subject="shop",
        subject_id=str(shop.uuid),
        before={"account": last.masked if last else ""},
        after={"account": account.masked},
        request_id=get_contextvars().get("request_id", ""),
    )
    publish(
        BankAccountReplaced(
            shop_id=shop.pk, account_id=account.pk, last_id=last.pk if last else None
        )
    )
    return account


def _owners(shop: Shop) -> list[str]:
    owners = shop.memberships.filter(role=ShopMember.Role.OWNER, user__is_active=True)
    return list(owners.order_by("pk").values_list("user__email", flat=True))
