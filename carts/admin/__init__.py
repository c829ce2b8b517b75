"""Carts' pages in both back offices."""

from carts.admin import delivery, promotions  # noqa: F401
