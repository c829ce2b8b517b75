"""Facts about orders and money, as `manage.py audit` proves them."""

from orders.invariants import (  # noqa: F401
    agreement,
    life,
    money,
    orders,
    papers,
    payouts,
    promotions,
    reviews,
)
