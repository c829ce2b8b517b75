"""What both admin sites show of orders."""

from orders.admin import market, papers, selling  # noqa: F401
