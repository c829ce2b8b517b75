"""What both admin sites show of the catalogue."""

from catalog.admin import market, products, stock  # noqa: F401
