"""Facts about orders and money, as `manage.py audit` proves them."""

from orders.invariants import life, money, orders, papers, payouts, promotions  # noqa: F401
