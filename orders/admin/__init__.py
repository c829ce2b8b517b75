"""What both admin sites show of orders."""

from orders.admin import market, selling  # noqa: F401
