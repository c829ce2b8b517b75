"""Who has an order: its buyer by account, or whoever bears the token of a guest's order."""

from __future__ import annotations

import hashlib

from rest_framework.request import Request

from orders.models import Order

TOKEN_HEADER = "X-Order-Token"


class OpenedByToken:
    """For views of a buyer's orders."""

    guest_header = TOKEN_HEADER
    is_opened_by_token = True
    request: Request

    def may_see(self, order: Order) -> bool:
        user = self.request.user
        if user.is_authenticated and order.buyer_id == user.pk:
            return True
        return order.opens_with(self.request.headers.get(TOKEN_HEADER, ""))

    def idempotency_actor(self, request: Request) -> str:
        if request.user.is_authenticated:
            return f"user:{request.user.pk}"
        token = request.headers.get(TOKEN_HEADER, "")
        return f"order:{hashlib.sha256(token.encode()).hexdigest()}" if token else ""
