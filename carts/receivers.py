"""What carts do when somebody comes and when somebody leaves.

Signing in is the framework's event, so it is heard by the framework's signal.
"""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.events import AccountDeleted
from carts.models import BackInStockRequest, Cart, WishListItem
from carts.services import baskets, wish_list
from marketflow.core.errors import Refusal
from marketflow.core.events import subscribe


@receiver(user_logged_in)
def bring_the_guests_cart_along(sender: type, request: HttpRequest, user, **kwargs) -> None:
    if request is None:
        return
    token_hash = baskets.hash_of(baskets.token_of(request))
    guest = Cart.objects.of(token_hash=token_hash).first()
    if guest is None or not guest.lines.exists():
        return
    had_lines = Cart.objects.of(user=user).filter(lines__isnull=False).exists()
    baskets.merge(guest, user)
    if had_lines and hasattr(request, "_messages"):
        messages.info(request, _("The items you chose before signing in are in your cart."))


@receiver(user_logged_in)
def save_what_the_guest_wished(sender: type, request: HttpRequest, user, **kwargs) -> None:
    if not hasattr(request, "session"):
        return
    try:
        saved = wish_list.save_waiting(request.session, user)
    except Refusal as refusal:
        words = _(refusal.message)
    else:
        titles = ", ".join(product.title for product in saved)
        words = saved and _("Saved to your wish list: %(titles)s.") % {"titles": titles}
    if words and hasattr(request, "_messages"):
        messages.info(request, words)


@subscribe(AccountDeleted)
def forget_what_they_meant_to_buy(event: AccountDeleted) -> None:
    WishListItem.objects.filter(user=event.user_id).delete()
    BackInStockRequest.objects.filter(user=event.user_id).delete()
    Cart.objects.open().filter(buyer=event.user_id).delete()
