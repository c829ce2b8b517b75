"""What several resources of orders do with what was sent."""

from __future__ import annotations

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts.models import User
from orders.models import Order, SellerOrder


def person(request: Request) -> User | None:
    """Who takes the step; None for a guest."""
    return request.user if request.user.is_authenticated else None


def part_named(order: Order, number: str) -> SellerOrder:
    """The part of `order` by its number. That of another order is an unknown one."""
    part = order.seller_orders.filter(number=number).first()
    if part is None:
        raise ValidationError({"seller_order": ["Not a part of this order."]})
    return part


def part_of_lines(order: Order, sent: list[dict]) -> tuple[SellerOrder, dict[int, int]]:
    """The one shop's part that all the lines are of, and {order line id: units}.

    Needs the parts and their lines loaded. Lines of other orders are unknown ones.
    """
    known = {
        line.uuid: (part, line.pk)
        for part in order.seller_orders.all()
        for line in part.lines.all()
    }
    unknown = [str(item["id"]) for item in sent if item["id"] not in known]
    if unknown:
        raise ValidationError({"lines": [f"Not a line of this order: {unknown[0]}"]})
    parts = {known[item["id"]][0] for item in sent}
    if len(parts) > 1:
        raise ValidationError({"lines": ["Each shop takes back its own: one shop at a time."]})
    return parts.pop(), {known[item["id"]][1]: item["quantity"] for item in sent}
