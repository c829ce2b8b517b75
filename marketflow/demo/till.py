"""How the demo's money goes: the marketplace's rates, and where its shops are paid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accounts.models import BankAccount, Shop
from accounts.services import bank_accounts
from catalog.models import Category
from orders.models import CommissionRule

# In the operator's order: the first that matches counts.
RATES = (
    {"name": "Small prices", "max_price_minor": 500, "basis_points": 500, "fixed_minor": 20},
    {"name": "Paper goods", "category": "Notebooks", "basis_points": 800},
    {
        "name": "Large pieces",
        "min_price_minor": 15_000,
        "basis_points": 900,
        "maximum_minor": 4_000,
    },
)


def make_commission_rules() -> None:
    """The operator's list. Behind it stands the standard rate."""
    for position, rate in enumerate(RATES, start=1):
        values = dict(rate)
        name = values.pop("category", None)
        category = Category.objects.filter(name=name).first() if name else None
        if name and category is None:
            continue
        CommissionRule.objects.create(position=position, category=category, **values)


def open_bank_accounts(shops: Sequence[Shop], since: datetime) -> None:
    """Give every shop an account that pays out."""
    for number, shop in enumerate(shops):
        owner = shop.memberships.get(role="owner").user
        iban = _iban(str(shop.country), number)
        account = bank_accounts.replace(shop=shop, holder=shop.legal_name, iban=iban, by=owner)
        # It was new when the shop was: the days it had to wait have passed.
        BankAccount.objects.filter(pk=account.pk).update(usable_from=since)


def set_rhythms(shops: Sequence[Shop]) -> None:
    """Let some shops choose when they are paid. From today on: the past was paid every Monday."""
    for number, shop in enumerate(shops):
        shop.payout_schedule = _schedule(number)
        shop.payout_minimum_minor = 2_500 if number % 4 == 2 else 0
        shop.save(update_fields=["payout_schedule", "payout_minimum_minor"])


def _schedule(number: int) -> str:
    if number % 7 == 5:
        return Shop.Schedule.MONTHLY
    return Shop.Schedule.MANUAL if number % 7 == 6 else Shop.Schedule.WEEKLY


def _iban(country: str, number: int) -> str:
    """A made-up account with check digits that fit (ISO 13616)."""
    account = f"{900_000_000_000_000_000 + number}"
    turned = "".join(str(int(sign, 36)) for sign in f"{account}{country}00")
    return f"{country}{98 - int(turned) % 97:02d}{account}"
