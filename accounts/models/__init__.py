"""People, and the shops they run."""

from accounts.models.address import Address
from accounts.models.api_key import ApiKey
from accounts.models.bank_account import BankAccount
from accounts.models.browser_session import BrowserSession
from accounts.models.data_export import DataExport
from accounts.models.follow import ShopFollow
from accounts.models.invitation import ShopInvitation
from accounts.models.shop import Shop, ShopMember
from accounts.models.shop_draft import ShopDraft
from accounts.models.socket_ticket import SocketTicket
from accounts.models.token import RefreshFamily, RefreshLink
from accounts.models.user import User

__all__ = [
    "Address",
    "ApiKey",
    "BankAccount",
    "BrowserSession",
    "DataExport",
    "RefreshFamily",
    "RefreshLink",
    "Shop",
    "ShopDraft",
    "ShopFollow",
    "ShopInvitation",
    "ShopMember",
    "SocketTicket",
    "User",
]
