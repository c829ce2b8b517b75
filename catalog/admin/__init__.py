"""What both admin sites show of the catalogue."""

from catalog.admin import imports, market, products, stock  # noqa: F401
