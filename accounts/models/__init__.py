"""People, and the shops they run."""

from accounts.models.address import Address
from accounts.models.shop import Shop, ShopMember
from accounts.models.user import User

__all__ = ["Address", "Shop", "ShopMember", "User"]
