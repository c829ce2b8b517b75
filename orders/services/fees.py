"""The marketplace's monthly invoices to shops: commission charged, and commission taken back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from django.db.models import F, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncMonth
from django.utils.timezone import now

from accounts.models import Shop
from orders.models import Commission, Invoice, LedgerTransfer
from orders.services import numbering, printed
from orders.services.numbering import Draft, Kind


class Account(NamedTuple):
    """One shop's month in one currency. `month` is its first day."""

    shop_id: int
    currency: str
    month: date

    @property
    def key(self) -> str:
        return f"{self.shop_id}:{self.month:%Y-%m}:{self.currency}"

    @property
    def begins(self) -> datetime:
        return datetime(self.month.year, self.month.month, 1, tzinfo=UTC)

    @property
    def ends(self) -> datetime:
        year, month = divmod(self.month.year * 12 + self.month.month, 12)
        return datetime(year, month + 1, 1, tzinfo=UTC)


def issue_due() -> int:
    """Issue what is due for the months that are over. Returns how many. Safe to repeat.

    Each in a transaction of its own, which locks the series of numbers.
    """
    today = now().astimezone(UTC)
    this_month = datetime(today.year, today.month, 1, tzinfo=UTC)
    charged = _accounts(
        Commission.objects.filter(created_at__lt=this_month, amount_minor__gt=0),
        "line__seller_order__shop",
        "line__seller_order__order__currency",
        "created_at",
    )
    taken_back = _accounts(
        _taken_back().filter(refund__created_at__lt=this_month),
        "seller_order__shop",
        "currency",
        "refund__created_at",
    )
    issued = [invoice(account) for account in _missing(Kind.COMMISSION, charged)]
    issued += [credit(account) for account in _missing(Kind.COMMISSION_CREDIT, taken_back)]
    return len(issued)


def invoice(account: Account) -> Invoice:
    """The commission of a month that is over, order by order. Locks the series of numbers."""
    return _issue(Kind.COMMISSION, account, _charged_lines(account))


def credit(account: Account) -> Invoice:
    """The commission that refunds took back in a month. Locks the series of numbers."""
    return _issue(Kind.COMMISSION_CREDIT, account, _taken_back_lines(account))


def _issue(kind: Kind, account: Account, lines: list[dict[str, Any]]) -> Invoice:
    shop = Shop.objects.get(pk=account.shop_id)
    content = printed.commission(shop, account.currency, f"{account.month:%Y-%m}", lines)
    return numbering.issue(
        Draft(
            kind=kind,
            dedupe_key=f"{kind}:{account.key}",
            shop=shop,
            currency=account.currency,
            total_minor=content["total_minor"],
            tax_minor=content["tax_minor"],
            content=content,
        )
    )


def _charged_lines(account: Account) -> list[dict[str, Any]]:
    rows = (
        Commission.objects.filter(
            line__seller_order__shop=account.shop_id,
            line__seller_order__order__currency=account.currency,
            created_at__gte=account.begins,
            created_at__lt=account.ends,
        )
        .values("line__seller_order__number", rate=F("vat_basis_points"))
        .annotate(
            on=Min("created_at"),
            base=Sum("base_minor"),
            amount=Sum("amount_minor"),
            vat=Sum("vat_minor"),
            first=Min("pk"),
        )
        .filter(amount__gt=0)
        .order_by("first")
    )
    return [
        _line(row["line__seller_order__number"], row, base_minor=row["base"], sign=1)
        for row in rows
    ]


def _taken_back_lines(account: Account) -> list[dict[str, Any]]:
    of_the_part = Commission.objects.filter(line__seller_order=OuterRef("seller_order"))
    rows = (
        _taken_back()
        .filter(
            seller_order__shop=account.shop_id,
            currency=account.currency,
            refund__created_at__gte=account.begins,
            refund__created_at__lt=account.ends,
        )
        # One shop, one moment, one rate: that of all its lines.
        .annotate(rate=Subquery(of_the_part.values("vat_basis_points")[:1]))
        .values("refund", "seller_order__number", "rate")
        .annotate(
            on=Min("refund__created_at"),
            amount=Sum("amount_minor", filter=Q(kind="commission_back"), default=0),
            vat=Sum("amount_minor", filter=Q(kind="commission_vat_back"), default=0),
        )
        .order_by("refund")
    )
    return [_line(row["seller_order__number"], row, sign=-1) for row in rows]


def _line(number: str, row: dict[str, Any], *, sign: int, base_minor: int = 0) -> dict[str, Any]:
    return {
        "title": number,
        "detail": "",
        "on": row["on"].date().isoformat(),
        "base_minor": base_minor,
        "basis_points": row["rate"],
        "amount_minor": sign * row["amount"],
        "tax_minor": sign * row["vat"],
    }


def _taken_back() -> QuerySet:
    return LedgerTransfer.objects.filter(kind__in=["commission_back", "commission_vat_back"])


def _accounts(rows: QuerySet, shop: str, currency: str, moment: str) -> list[Account]:
    months = rows.annotate(month=TruncMonth(moment, tzinfo=UTC)).order_by()
    found = months.values_list(shop, currency, "month").distinct()
    return sorted(
        (Account(shop_id, code, month.date()) for shop_id, code, month in found),
        key=lambda account: (account.month, account.shop_id, account.currency),
    )


def _missing(kind: Kind, accounts: Iterable[Account]) -> Iterable[Account]:
    wanted = {f"{kind}:{account.key}": account for account in accounts}
    issued = Invoice.objects.filter(kind=kind).values_list("dedupe_key", flat=True)
    done = set(issued)
    return [account for key, account in wanted.items() if key not in done]
