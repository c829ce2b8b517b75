"""What both admin sites show of orders."""

from orders.admin import aftercare, books, commissions, market, papers, payouts, selling  # noqa: F401
