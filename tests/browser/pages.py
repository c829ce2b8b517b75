"""The pages every gate looks at: by name, where they are, who sees them, what is done first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.market import BrowserMarket


@dataclass(frozen=True)
class Stop:
    """One page in one state. `place` is an address, or the name of one that `stage` made."""

    name: str
    place: str
    visitor: str = "nobody"
    status: int = 200
    then: Callable[[Page], None] | None = None

    def address(self, market: BrowserMarket) -> str:
        path = self.place if self.place.startswith("/") else market.places[self.place]
        return market.url + path


def send_empty(page: Page) -> None:
    """Empty the form's fields and send it, so that it comes back with its errors."""
    form = page.locator("main form[method=post]").last
    for field in form.locator("input[type=text]:visible, input[type=email]:visible").all():
        field.fill("")
    form.locator("button.btn--primary:visible").last.click()
    page.locator(".error-summary").wait_for()


def unfold(page: Page) -> None:
    page.locator("main details summary").last.click()


def add_to_cart(page: Page) -> None:
    page.locator(".buy button.btn--primary").first.click()
    page.locator("dialog[open]").wait_for()


def open_filters(page: Page) -> None:
    button = page.locator(".toolbar [popovertarget=filters]")
    if button.is_visible():
        button.click()
        page.locator("#filters").wait_for()


STOPS = [
    Stop("home", "/"),
    Stop("home again", "/", "shopper"),
    Stop("category", "category"),
    Stop("category, filters", "category", then=open_filters),
    Stop("search", "/search/?q=mug"),
    Stop("search, nothing found", "/search/?q=zeppelin"),
    Stop("product with options", "product_mug"),
    Stop("product in the cart", "product_mug", then=add_to_cart),
    Stop("product without options", "product_plain"),
    Stop("product, dear", "product_dear"),
    Stop("product, long title", "product_long"),
    Stop("product, sold out", "product_gone"),
    Stop("product, tell a guest, errors", "tell_guest", then=send_empty),
    Stop("product, tell a guest, confirm", "confirm_wait"),
    Stop("shop", "shop"),
    Stop("shop, followed", "shop_long", "ana"),
    Stop("shop, without items", "/shops/new/"),
    Stop("shop, long name", "shop_long"),
    Stop("shop, about", "/shops/bookbinders/?tab=about"),
    Stop("shop, policies", "/shops/fernhouse/?tab=policies"),
    Stop("cart, empty", "/cart/"),
    Stop("cart", "/cart/", "shopper"),
    Stop("delivery", "/checkout/delivery/", "guest"),
    Stop("delivery, errors", "/checkout/delivery/", "shopper", then=send_empty),
    Stop("delivery, saved addresses", "/checkout/delivery/", "ana"),
    Stop("payment", "/checkout/payment/", "guest"),
    Stop("review", "/checkout/review/", "guest"),
    Stop("order, waiting", "order_waiting", "ana"),
    Stop("order, pay again", "pay", "ana"),
    Stop("order, pay by card", "pay_by_card", "ana"),
    Stop("order, paid", "order_paid", "ana"),
    Stop("order, shipped", "order_shipped", "ana"),
    Stop("order, cancel", "cancel", "ana"),
    Stop("order, after the sale", "order_after", "ana", then=unfold),
    Stop("order, return items", "send_back", "ana"),
    Stop("order, return items, errors", "send_back", "ana", then=send_empty),
    Stop("order, report a problem", "complain", "ana"),
    Stop("order, it has come", "received", "ana"),
    Stop("order, a return", "return", "ana"),
    Stop("order, somebody else's", "order_paid", status=404),
    Stop("order, find", "/orders/find/"),
    Stop("sign in", "/account/login/"),
    Stop("sign in, errors", "/account/login/", then=send_empty),
    Stop("sign up", "/account/signup/"),
    Stop("password, forgotten", "/account/password/reset/"),
    Stop("mail sent", "/account/confirm-email/"),
    Stop("account", "/account/", "ana"),
    Stop("profile", "/account/profile/", "ana"),
    Stop("addresses", "/account/addresses/", "ana"),
    Stop("addresses, none", "/account/addresses/", "newcomer"),
    Stop("address", "address", "ana"),
    Stop("orders", "/account/orders/", "ana"),
    Stop("orders, none", "/account/orders/", "newcomer"),
    Stop("wish list", "/account/wish-list/", "ana"),
    Stop("wish list, empty", "/account/wish-list/", "newcomer"),
    Stop("following", "/account/following/", "ana"),
    Stop("following, none", "/account/following/", "newcomer"),
    Stop("messages", "messages", "ana"),
    Stop("conversation", "talk", "ana"),
    Stop("conversation, of the shop", "talk", "seller"),
    Stop("conversation, report", "report", "ana"),
    Stop("security", "/account/security/", "ana"),
    Stop("notifications, preferences", "/account/notifications/", "ana"),
    Stop("sell", "/sell/"),
    Stop("sell, start", "/sell/start/", "newcomer"),
    Stop("sell, errors", "/sell/start/", "newcomer", then=send_empty),
    Stop("sell, status", "/sell/status/", "fern"),
    Stop("help", "/help/"),
    Stop("help, contact", "/help/contact/"),
    Stop("help, fees", "/help/fees/"),
    Stop("not found", "/nowhere/", status=404),
]
