"""Payouts: the sweep turns a shop's cleared balance into money on its way to the bank.

A payout, the movements it covers and its entry in the books commit together, before the provider
is asked; `payout_sending` asks. What a payout covers is never edited: what goes wrong is booked
anew, and joins the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max, TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.models import BankAccount, Shop, User
from marketflow.core.errors import Refusal
from marketflow.core.transactions import whole_unit
from orders import gateways
from orders.gateways import Gateway
from orders.models import LedgerAccount, Payout, PayoutItem
from orders.models.history import record_start
from orders.services import bookings, ledger, payables
from orders.services.ledger import Account, Kind
from orders.services.payables import Payables

logger = logging.getLogger(__name__)


class Obstacle(TextChoices):
    """Why a shop is not paid out now."""

    CLOSED = "closed", _("The shop is suspended.")
    HELD = "held", _("Staff of the marketplace hold the payouts.")
    NO_ACCOUNT = "no_account", _("No bank account has been entered.")
    ACCOUNT_NEW = "account_new", _("The bank account is new. Payouts begin after a few days.")
    NOT_CONNECTED = "not_connected", _("The payment provider does not know the shop's account.")
    UNDER_WAY = "under_way", _("A payout is on its way.")
    OWES = "owes", _("Refunds come to more than what is available.")
    NOTHING = "nothing", _("Nothing is due.")
    BELOW_MINIMUM = "below_minimum", _("What is available is less than the smallest payout.")
    NOT_ASKED = "not_asked", _("The shop asks for its payouts itself.")


class NotPayable(Refusal):
    """`obstacle` is the code of what is in the way."""

    code = "not_payable"

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(str(obstacle.label), obstacle=obstacle.value)


class OnSchedule(Refusal):
    code = "on_schedule"
    message = "This shop is paid on its schedule."


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What came of one shop in one currency. `amount_minor` is what is payable now.

    `failed`: a bug stood in the way, and is in the log. Nothing of this shop has changed.
    """

    shop: Shop
    currency: str
    amount_minor: int
    obstacle: Obstacle | None = None
    payout: Payout | None = None
    failed: bool = False


def sweep(*, dry_run: bool = False) -> Iterator[Swept]:
    """Pay out every shop whose period ended with enough to pay. One result for each that has
    something available, as it is done. Run twice, at once or later, it pays once. A bug at one
    shop is logged, and the shops behind it are paid all the same.

    `dry_run` says what would be paid and writes nothing.
    """
    accounts = LedgerAccount.objects.filter(kind=Kind.SHOP_AVAILABLE, balance_minor__lt=0)
    for shop_id, currency in list(accounts.order_by("pk").values_list("shop", "currency")):
        try:
            if dry_run:
                swept = look(Shop.objects.get(pk=shop_id), currency)
            else:
                swept = _sweep_one(shop_id, currency)
        except Exception:
            logger.exception("the payout of shop %s in %s failed", shop_id, currency)
            swept = _failed(shop_id, currency)
        yield swept


def _failed(shop_id: int, currency: str) -> Swept:
    shop = Shop.objects.get(pk=shop_id)
    return Swept(shop=shop, currency=currency, amount_minor=0, failed=True)


def look(shop: Shop, currency: str, *, asked: bool = False) -> Swept:
    """What a sweep would do with `shop` now; `asked`: if the shop asked for it now."""
    until = None if asked else payables.period_end(shop)
    found = payables.of(shop, currency, until=until)
    return Swept(
        shop=shop,
        currency=currency,
        amount_minor=found.amount_minor,
        obstacle=_obstacle(shop, found, asked=asked),
    )


def ask(*, shop: Shop, currency: str, actor: User) -> Payout:
    """Pay out all that a shop on manual payouts has available, at its own word.

    As `request`. Raises `OnSchedule` where the shop is on another schedule.
    """
    if shop.payout_schedule != Shop.Schedule.MANUAL:
        raise OnSchedule(schedule=shop.payout_schedule)
    return request(shop=shop, currency=currency, actor=actor)


def request(*, shop: Shop, currency: str, actor: User) -> Payout:
    """Pay out all that is available, whatever the schedule: the shop asks, or staff do.

    Locks the shop, then accounts. Raises `NotPayable`. The provider is asked after the commit.
    """
    swept = _sweep_one(shop.pk, currency, asked=True, actor=actor)
    if swept.payout is None:
        raise NotPayable(swept.obstacle)
    return swept.payout


@whole_unit
def _sweep_one(
    shop_id: int, currency: str, *, asked: bool = False, actor: User | None = None
) -> Swept:
    # A shop's sweeps take turns, and a change of its bank account with them. Its name stays
    # free: orders that mention the shop need not wait.
    shop = Shop.objects.select_for_update(no_key=True).get(pk=shop_id)
    gateway = gateways.for_payouts()
    # All at once, in their order: refunds of the shop wait, and what is reckoned here holds.
    ledger.locked_balances(
        [
            bookings.shop_account(Kind.SHOP_AVAILABLE, shop_id, currency),
            bookings.shop_account(Kind.SHOP_RECEIVABLE, shop_id, currency),
            Account(Kind.PROVIDER, gateway.name, currency),
        ]
    )
    until = None if asked else payables.period_end(shop)
    found = payables.of(shop, currency, until=until)
    obstacle = _obstacle(shop, found, asked=asked)
    payout = None if obstacle else _make(shop, found, gateway, actor)
    return Swept(
        shop=shop,
        currency=currency,
        amount_minor=found.amount_minor,
        obstacle=obstacle,
        payout=payout,
    )


def _obstacle(shop: Shop, found: Payables, *, asked: bool) -> Obstacle | None:
    """The first thing in the way."""
    amount = found.amount_minor
    if not (found.ready or found.owed):
        return Obstacle.NOTHING
    if obstacle := problem(shop):
        return obstacle
    if shop.payouts.open().filter(currency=found.currency).exists():
        return Obstacle.UNDER_WAY
    if amount <= 0:
        return Obstacle.OWES if found.owed or amount < 0 else Obstacle.NOTHING
    if amount < shop.payout_minimum_minor:
        return Obstacle.BELOW_MINIMUM
    if shop.payout_schedule == Shop.Schedule.MANUAL and not asked:
        return Obstacle.NOT_ASKED
    return None


def problem(shop: Shop) -> Obstacle | None:
    """What keeps `shop` from any payout, whatever it has available."""
    if shop.state != Shop.State.OPEN:
        return Obstacle.CLOSED
    if shop.payouts_held:
        return Obstacle.HELD
    account = shop.bank_accounts.in_use().first()
    if account is None:
        return Obstacle.NO_ACCOUNT
    if not account_at(gateways.for_payouts(), account):
        return Obstacle.NOT_CONNECTED
    if not shop.bank_accounts.usable().exists():
        return Obstacle.ACCOUNT_NEW
    return None


def account_at(gateway: Gateway, account: BankAccount) -> str:
    """How `gateway` knows a shop's account; blank where it does not, or does not pay it yet."""
    if gateway.takes_iban:
        return account.provider_account or account.iban
    return account.provider_account if account.provider_ready_at else ""


def _make(shop: Shop, found: Payables, gateway: Gateway, actor: User | None) -> Payout:
    """Write the payout, book it, and name every movement it covers. Books last."""
    account = shop.bank_accounts.usable().get()
    last = shop.payouts.aggregate(number=Max("number"))["number"] or 0
    payout = Payout.objects.create(
        state=Payout.State.PENDING,
        number=last + 1,
        shop=shop,
        bank_account=account,
        sent_to=account.masked,
        provider=gateway.name,
        currency=found.currency,
        amount_minor=found.amount_minor,
    )
    record_start(payout, actor=actor)
    recoveries = [
        bookings.recovered(
            payout,
            refund_id=owed.refund_id,
            part_id=owed.seller_order_id,
            owed=owed.amount_minor,
        )
        for owed in found.owed
    ]
    *recovered, _sent = ledger.post([*recoveries, bookings.paid_out(payout)])
    PayoutItem.objects.bulk_create(
        PayoutItem(payout=payout, transfer=transfer) for transfer in [*found.ready, *recovered]
    )
    _send_after_commit(payout)
    return payout


def _send_after_commit(payout: Payout) -> None:
    from orders.tasks import send_payout

    # Only an accelerator: what it misses, beat sends.
    transaction.on_commit(lambda: send_payout.apply_async([payout.pk], retry=False), robust=True)
