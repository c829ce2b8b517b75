"""What orders do when somebody proves an address. A framework signal for a framework event."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.dispatch import receiver

from orders.models import Order


@receiver(email_confirmed)
def give_a_guests_orders_to_who_owns_the_address(
    sender: type, email_address: EmailAddress, **kwargs
) -> None:
    """The links went to this mailbox: whoever reads it may open the orders anyway."""
    orders = Order.objects.filter(buyer=None, email__iexact=email_address.email)
    orders.update(buyer=email_address.user)
