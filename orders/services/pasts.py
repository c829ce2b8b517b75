"""A buyer's past, as promotions ask about it. Nothing is read before it is asked for."""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import cached_property

from accounts.models import User
from marketflow.core.rate_limits import account_of
from orders.models import Order, Redemption


class BuyersPast:
    """Of an account, or of who gave `email`: guests are known by their address.

    The `email` of an account is read where it is not given.
    """

    def __init__(self, *, buyer_id: int | None, email: str = "") -> None:
        self.buyer_id = buyer_id
        self._given = email

    @classmethod
    def of(cls, buyer: User | None, *, guest_email: str) -> BuyersPast:
        if buyer is None:
            return cls(buyer_id=None, email=guest_email)
        return cls(buyer_id=buyer.pk, email=buyer.email)

    @cached_property
    def has_ordered(self) -> bool:
        """Whether they have an order that was neither cancelled nor left unpaid."""
        orders = Order.objects.of(buyer_id=self.buyer_id, email=self.email)
        return orders.not_called_off().exists()

    def times_used(self, promotion_id: int) -> int:
        return self._uses[promotion_id]

    @property
    def key(self) -> str:
        """What their uses are counted under."""
        return str(self.buyer_id) if self.buyer_id is not None else hash_of(self.email)

    @cached_property
    def keys(self) -> list[str]:
        """`key`, and what was counted under the account's address before there was an account."""
        return sorted({self.key, hash_of(self.email)})

    @cached_property
    def email(self) -> str:
        if self._given or self.buyer_id is None:
            return self._given
        return User.objects.values_list("email", flat=True).get(pk=self.buyer_id)

    @cached_property
    def _uses(self) -> Counter[int]:
        mine = Redemption.objects.in_use().filter(buyer_key__in=self.keys)
        return Counter(mine.values_list("promotion_id", flat=True))


def hash_of(email: str) -> str:
    """What a guest is known by: no address is kept for it."""
    return hashlib.sha256(account_of(email).encode()).hexdigest()
