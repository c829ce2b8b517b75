"""What a buyer means to buy, and what its price, delivery and tax depend on."""

from carts.models.cart import Cart, CartLine
from carts.models.delivery import ShippingOption, TaxRate
from carts.models.promotion import Promotion
from carts.models.wish import BackInStockRequest, WishListItem

__all__ = [
    "BackInStockRequest",
    "Cart",
    "CartLine",
    "Promotion",
    "ShippingOption",
    "TaxRate",
    "WishListItem",
]
