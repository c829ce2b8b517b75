"""What somebody wrote, and what was written to them as a buyer."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from accounts.models import User
from accounts.services.exports import personal
from chat.models import Message


@personal("messages")
def messages_of(user: User) -> list[dict[str, Any]]:
    theirs = Q(conversation__buyer=user) | Q(author=user)
    rows = Message.objects.filter(theirs).select_related("conversation__shop")
    return [
        {
            "conversation": message.conversation.uuid,
            "shop": message.conversation.shop.slug,
            "side": message.side,
            "is_mine": message.author_id == user.pk,
            "sent": message.created_at,
            "text": message.body,
        }
        for message in rows.order_by("conversation", "seq").iterator()
    ]
