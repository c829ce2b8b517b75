"""Facts about orders and money, as `manage.py audit` proves them."""

from orders.invariants import money, orders, papers  # noqa: F401
