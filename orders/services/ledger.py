"""The books: which fact moves how much from which account to which.

Double entry in one row: `Entry` debits one account and credits another, so that the books balance
by construction (docs/adr/0005). Entries are written once, under the name of their fact;
balances move by one conditional UPDATE in the same transaction, after the account rows were
locked in primary-key order. Accounts come last in the order of locks, so `post` is called last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.fields import BigIntegerField

from marketflow.core.compiled import CompiledUpdate, Given
from marketflow.core.transactions import whole_unit
from orders.models import LedgerAccount, LedgerTransfer

Kind = LedgerAccount.Kind


class Account(NamedTuple):
    """The name of an account: `Account(Kind.SHOP_PENDING, 17, "EUR")`."""

    kind: Kind
    # The shop's or order's id, the provider's name; empty for the marketplace's own.
    owner: int | str
    currency: str

    @property
    def key(self) -> str:
        return f"{self.kind.value}:{self.owner}:{self.currency}"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """`amount_minor` from `credit` to `debit`. An amount of 0 is not booked."""

    debit: Account
    credit: Account
    amount_minor: int
    kind: str
    # The name of the fact, for all times: `paid:4711`.
    key: str
    # `payment`, `seller_order`, `refund`, `payout`: what it is about.
    about: dict[str, Any]


class Overdrawn(Exception):
    """An account would turn over: a shop be paid more than it has. A bug, never an answer."""


@whole_unit
def post(entries: Iterable[Entry]) -> list[LedgerTransfer]:
    """Book `entries`, all or none. Returns the transfers in their order.

    Locks the accounts in primary-key order. Raises `Overdrawn` where a shop's account would
    turn over, and IntegrityError for a fact that was booked before.
    """
    entries = [entry for entry in entries if entry.amount_minor]
    if not entries:
        return []
    _open_for_captures(entries)
    accounts = _locked({account for entry in entries for account in (entry.debit, entry.credit)})
    transfers = LedgerTransfer.objects.bulk_create(
        LedgerTransfer(
            debit=accounts[entry.debit.key],
            credit=accounts[entry.credit.key],
            amount_minor=entry.amount_minor,
            currency=entry.debit.currency,
            kind=entry.kind,
            dedupe_key=entry.key,
            **entry.about,
        )
        for entry in entries
    )
    _move(accounts, entries)
    return transfers


def balance(account: Account) -> int:
    """Debits minus credits of `account`, in minor units."""
    found = LedgerAccount.objects.filter(key=account.key).values_list("balance_minor", flat=True)
    return found.first() or 0


def locked_balances(accounts: Iterable[Account]) -> dict[Account, int]:
    """The balances of `accounts`, which stay as they are until the transaction ends."""
    accounts = list(accounts)
    rows = _locked(set(accounts))
    return {account: rows[account.key].balance_minor for account in accounts}


def _open_for_captures(entries: Iterable[Entry]) -> None:
    """The account of an order begins with its first capture: made before it is looked for."""
    orders = {e.credit: _new(e.credit) for e in entries if e.kind == "captured"}
    LedgerAccount.objects.bulk_create(orders.values(), ignore_conflicts=True)


def _locked(wanted: set[Account]) -> dict[str, LedgerAccount]:
    """The rows of `wanted`, made where they are missing, locked in primary-key order."""
    by_key = {account.key: account for account in wanted}
    rows = LedgerAccount.objects.filter(key__in=by_key).order_by("pk")
    found = {row.key: row for row in rows.select_for_update()}
    missing = [by_key[key] for key in sorted(by_key.keys() - found.keys())]
    if missing:
        # Two may make the same account at once; the second finds the first one's.
        LedgerAccount.objects.bulk_create(map(_new, missing), ignore_conflicts=True)
        found = {row.key: row for row in rows.select_for_update()}
    return found


def _new(account: Account) -> LedgerAccount:
    is_shop, is_order = account.kind.startswith("shop_"), account.kind == Kind.ORDER
    return LedgerAccount(
        key=account.key,
        kind=account.kind,
        currency=account.currency,
        shop_id=account.owner if is_shop else None,
        order_id=account.owner if is_order else None,
    )


def _by(pks: list[Given], deltas: list[Given]) -> tuple[QuerySet, dict[str, Any]]:
    delta = Case(
        *(When(pk=pk, then=by) for pk, by in zip(pks, deltas, strict=True)),
        output_field=BigIntegerField(),
    )
    after = F("balance_minor") + delta
    rows = LedgerAccount.objects.alias(after=after).filter(
        ~Q(kind__in=LedgerAccount.NEVER_DEBIT) | Q(after__lte=0),
        ~Q(kind__in=LedgerAccount.NEVER_CREDIT) | Q(after__gte=0),
        pk__in=pks,
    )
    return rows, {"balance_minor": after}


_moved = CompiledUpdate(_by, pks=BigIntegerField(), deltas=BigIntegerField())


def _move(accounts: dict[str, LedgerAccount], entries: list[Entry]) -> None:
    deltas: Counter[int] = Counter()
    for entry in entries:
        deltas[accounts[entry.debit.key].pk] += entry.amount_minor
        deltas[accounts[entry.credit.key].pk] -= entry.amount_minor
    moving = [pk for pk in sorted(deltas) if deltas[pk]]
    if not moving:
        return
    if _moved.send(pks=moving, deltas=[deltas[pk] for pk in moving]) != len(moving):
        raise Overdrawn(", ".join(entry.key for entry in entries))
