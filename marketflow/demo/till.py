"""How the demo's money goes: the marketplace's rates, and where its shops are paid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from accounts.models import BankAccount, Shop
from accounts.services import bank_accounts
from carts.models import Promotion
from catalog.models import Category
from orders.models import CommissionRule

WELCOME, OF_A_SHOP = "WELCOME10", "FERN5"

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


def make_promotions(shops: Sequence[Shop], since: datetime) -> None:
    """A welcome that the marketplace pays, and what three of the shops offer."""
    whole = Promotion._meta.get_field("basis_points").default
    _promote(
        name="Welcome to the market",
        code=WELCOME,
        kind=Promotion.Kind.PERCENT,
        basis_points=1_000,
        market_basis_points=whole,
        first_order_only=True,
        max_per_buyer=1,
        minimum_minor=2_000,
        starts_at=since,
    )
    for shop in shops[:1]:
        _promote(
            shop=shop,
            name="A little back from the greenhouse",
            code=OF_A_SHOP,
            kind=Promotion.Kind.AMOUNT,
            amount_minor=500,
            minimum_minor=4_000,
            max_uses=500,
            starts_at=since,
        )
    for shop in shops[1:2]:
        _promote(
            shop=shop,
            name="Three of a kind for two",
            kind=Promotion.Kind.BUY_GET,
            buy_quantity=2,
            get_quantity=1,
            starts_at=since,
        )
    for shop in shops[2:3]:
        _promote(
            shop=shop,
            name="Free delivery this season",
            kind=Promotion.Kind.FREE_SHIPPING,
            minimum_minor=3_000,
            # The market and the shop share it.
            market_basis_points=whole // 2,
            starts_at=since,
        )


def _promote(**values: object) -> None:
    promotion = Promotion(currency=settings.MARKETPLACE_CURRENCY, **values)
    promotion.full_clean()
    promotion.save()


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
    if number == 0:
        # The shop that visitors sign in to: they can have a payout, and need not wait for Monday.
        return Shop.Schedule.MANUAL
    if number % 7 == 5:
        return Shop.Schedule.MONTHLY
    return Shop.Schedule.MANUAL if number % 7 == 6 else Shop.Schedule.WEEKLY


def _iban(country: str, number: int) -> str:
    """A made-up account with check digits that fit (ISO 13616)."""
    account = f"{900_000_000_000_000_000 + number}"
    turned = "".join(str(int(sign, 36)) for sign in f"{account}{country}00")
    return f"{country}{98 - int(turned) % 97:02d}{account}"
