"""The one place where a message gets its number, and the other side hears of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils.timezone import now

from accounts.models import User
from catalog.models import Product
from chat.events import MessagePosted
from chat.frames import frame
from chat.models import Attachment, Conversation, Message, Seat, Side
from marketflow.core import guards
from marketflow.core.errors import Refusal
from marketflow.core.events import publish
from marketflow.core.realtime import push_on_commit
from orders.models import SellerOrder


class Blocked(Refusal):
    code = "blocked"
    message = "You can't message this shop."


class BlockedByYou(Refusal):
    code = "blocked"
    message = "You have blocked this conversation. Unblock it to write."


class NobodyThere(Refusal):
    code = "nobody_there"
    message = "Nobody reads this conversation any more."


def locked(conversation: Conversation) -> Conversation:
    """`conversation` under the lock of its numbers.

    It is the first of all locks: an order, and what belongs to it, are locked after it.
    """
    return _under_lock(Conversation.objects.filter(pk=conversation.pk))


def found(address: uuid.UUID, person: User) -> Conversation:
    """The conversation of that `uuid` which `person` sees, under the same lock.

    Raises `Conversation.DoesNotExist`.
    """
    return _under_lock(Conversation.objects.visible_to(person).filter(uuid=address))


def _under_lock(meant: QuerySet[Conversation]) -> Conversation:
    rows = meant.for_writing()
    if guards.is_enabled("conversation_lock"):
        rows = rows.select_for_update(of=("self",))
    return rows.get()


def require_open(conversation: Conversation, side: Side) -> None:
    """Whether `side` may write. Raises `Blocked`, `BlockedByYou`, `NobodyThere`."""
    if conversation.is_blocked_by(side):
        raise BlockedByYou
    if conversation.is_blocked:
        to_buyer = "You can't message this buyer."
        raise Blocked(to_buyer if side == Side.SHOP else None)
    if not conversation.buyer.is_active:
        raise NobodyThere


def append(
    *,
    conversation: Conversation,
    side: Side,
    author: User | None,
    body: str = "",
    kind: str = Message.Kind.TEXT,
    client_id: uuid.UUID | None = None,
    part: SellerOrder | None = None,
    product: Product | None = None,
    flags: str = "",
    files: Sequence[Attachment] = (),
) -> Message:
    """Give the next number of `conversation`, which the caller has locked, to a new message.

    What a frame reads of it is in hand: nothing need be loaded to tell it.
    """
    moment = now()
    conversation.last_seq += 1
    conversation.last_message_at = moment
    conversation.save(update_fields=["last_seq", "last_message_at"])
    message = Message.objects.create(
        conversation=conversation,
        seq=conversation.last_seq,
        client_id=client_id or uuid.uuid4(),
        kind=kind,
        side=side,
        author=author,
        body=body,
        part=part,
        product=product,
        flags=flags,
        created_at=moment,
    )
    for file in files:
        file.message = message
        file.save()
    message.files = list(files)
    return message


def tell(message: Message, *, quietly: bool = False) -> None:
    """Show `message`, as `append` made it, on open pages, and publish it.

    `quietly`: nobody is told who is not looking, since the desk answers for nobody.
    """
    conversation = message.conversation
    push_on_commit(conversation.group, "message", **frame(message))
    if quietly:
        return
    publish(
        MessagePosted(
            conversation_id=conversation.pk,
            message_id=message.pk,
            seq=message.seq,
            shop_id=conversation.shop_id,
            buyer_id=conversation.buyer_id,
            sender_id=message.author_id,
            side=message.side,
            kind=message.kind,
            recipient_ids=_who_is_away(conversation, _other(message.side)),
        )
    )


def show_change(message: Message) -> None:
    """Have open pages show what became of a message that they know."""
    whole = Message.objects.with_contents().get(pk=message.pk)
    push_on_commit(whole.conversation.group, "changed", **frame(whole))


def _other(side: str) -> Side:
    return Side.SHOP if side == Side.BUYER else Side.BUYER


def _who_is_away(conversation: Conversation, side: Side) -> list[int]:
    """The people of `side` who don't see the message arrive."""
    looking = Seat.objects.looking().filter(conversation=conversation)
    if side == Side.BUYER:
        buyer = conversation.buyer
        is_away = buyer.is_active and not looking.filter(user=buyer).exists()
        return [buyer.pk] if is_away else []
    away = conversation.people(side).exclude(pk__in=looking.values("user"))
    return list(away.order_by("pk").values_list("pk", flat=True))
