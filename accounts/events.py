"""What the apps above may hear of people and shops."""

from __future__ import annotations

from dataclasses import dataclass

from marketflow.core.events import Event


@dataclass(frozen=True, kw_only=True)
class ShopApplied(Event):
    shop_id: int


@dataclass(frozen=True, kw_only=True)
class ShopOpened(Event):
    """Approved, or back after a suspension. `recipient_ids` are its owners."""

    shop_id: int
    recipient_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class ShopRefused(Event):
    """The application needs changes; the reason stands on the shop."""

    shop_id: int
    recipient_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class ShopSuspended(Event):
    shop_id: int
    recipient_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class AccountDeleted(Event):
    """Somebody left. What the apps above keep of their wishes is theirs to forget."""

    user_id: int


@dataclass(frozen=True, kw_only=True)
class BankAccountReplaced(Event):
    """`last_id` is the account that it took the place of."""

    shop_id: int
    account_id: int
    last_id: int | None
