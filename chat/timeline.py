"""What is said about an order, as its timeline tells it: that it was said, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _

from chat.models import Message
from orders.models import SellerOrder
from orders.services import timelines
from orders.services.timelines import Entry


@timelines.also_tells
def said(parts: Mapping[int, SellerOrder]) -> Iterator[Entry]:
    """What was agreed in words; of other messages only that they were written."""
    rows = Message.objects.filter(part__in=parts, deleted_at=None)
    rows = rows.select_related("proposal", "conversation__buyer", "conversation__shop")
    for message in rows.order_by("created_at", "pk"):
        part = parts[message.part_id]
        proposal = getattr(message, "proposal", None)
        yield Entry(
            at=message.created_at,
            subject="message",
            text=_text(message),
            part=part.number,
            shop=part.shop.name,
            amount=proposal.amount if proposal and proposal.amount_minor else None,
            reference=str(message.conversation.uuid),
            detail=message.body if message.kind != Message.Kind.TEXT else "",
        )


def _text(message: Message) -> str:
    if message.kind == Message.Kind.PROPOSAL:
        asked = {
            "refund": _("Partial refund offered"),
            "cancellation": _("Asked to cancel"),
            "return": _("Asked to return"),
        }
        return asked[message.proposal.kind]
    words = _("%(name)s wrote") if message.kind == Message.Kind.TEXT else _("%(name)s answered")
    return words % {"name": message.author_name}
