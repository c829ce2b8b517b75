"""What both admin sites show of orders."""

from orders.admin import books, market, papers, payouts, selling  # noqa: F401
