from __future__ import annotations

from uuid import UUID

from accounts.models import Shop, User
from chat.models import ContactRule, Message
from chat.services import messaging


def make_message(buyer: User, shop: Shop, body: str = "Is it oak?", **pins) -> Message:
    """Ana asks the shop."""
    return messaging.start_as_buyer(buyer=buyer, shop=shop, body=body, **pins)


def answer(message: Message, author: User, body: str = "Yes, oak.", client_id: UUID | None = None):
    return messaging.post(
        conversation=message.conversation, author=author, body=body, client_id=client_id
    )


def make_rules(**entries: str) -> None:
    """The rules for contact details, as a new market has them, or with other `entries`."""
    for kind in ContactRule.Kind.values:
        ContactRule.objects.update_or_create(
            kind=kind,
            defaults={
                "is_active": True,
                "entries": entries.get(kind, ""),
                "notice": "Stay here.",
            },
        )
