"""What orders do when somebody proves an address, and what they tell carts of a buyer's past.

Proving an address is a framework's event, so it is heard by the framework's signal.
"""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.dispatch import receiver

from carts.models import Cart
from carts.services import pasts
from orders.models import Order
from orders.services.pasts import BuyersPast


@pasts.told_by
def what_they_ordered_before(cart: Cart) -> BuyersPast:
    # What was typed in checkout tells of guests only: others may write to any address.
    typed = "" if cart.buyer_id else cart.checkout.get("email", "")
    return BuyersPast(buyer_id=cart.buyer_id, email=typed)


@receiver(email_confirmed)
def give_a_guests_orders_to_who_owns_the_address(
    sender: type, email_address: EmailAddress, **kwargs
) -> None:
    """The links went to this mailbox: whoever reads it may open the orders anyway."""
    orders = Order.objects.filter(buyer=None, email__iexact=email_address.email)
    orders.update(buyer=email_address.user)
