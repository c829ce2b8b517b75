"""What both admin sites show of orders."""

from orders.admin import (  # noqa: F401
    aftercare,
    books,
    commissions,
    market,
    papers,
    payouts,
    reviews,
    selling,
)
