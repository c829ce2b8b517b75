"""Saying things, and taking them back. Pages, API and sockets all come through here."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.timezone import now

from accounts.models import Shop, User
from catalog.models import Product
from catalog.services.pictures import keeping
from chat.models import Attachment, Conversation, Desk, Message, Side
from chat.services import contact_details, writing
from marketflow.core.errors import Refusal
from marketflow.core.plain_text import plain_text
from marketflow.core.transactions import whole_unit
from orders.models import SellerOrder

# A desk that answers by itself does so once in this time.
AWAY_PAUSE = timedelta(days=1)


class BlankMessage(Refusal):
    code = "blank_message"
    message = "Write something first."


class MessageTooLong(Refusal):
    """`most` is how many characters a message may have."""

    code = "message_too_long"
    message = f"A message has at most {Message.LONGEST} characters."


class TooManyFiles(Refusal):
    code = "too_many_files"
    message = f"A message takes at most {Message.MOST_FILES} files."


class OwnShop(Refusal):
    code = "own_shop"
    message = "This is your own shop."


class ShopClosed(Refusal):
    code = "shop_closed"
    message = "This shop is closed, so it takes no questions now."


class GuestOrder(Refusal):
    code = "guest_order"
    message = "This order was placed without an account. Write to the buyer's e-mail address."


class TooLateToChange(Refusal):
    """`minutes` is for how long a message can be changed."""

    code = "too_late_to_change"
    message = "This message can't be changed any more."


@whole_unit
def start_as_buyer(
    *,
    buyer: User,
    shop: Shop,
    body: str,
    product: Product | None = None,
    part: SellerOrder | None = None,
    client_id: uuid.UUID | None = None,
    files: Sequence[Attachment] = (),
) -> Message:
    """Write to `shop`, in the one conversation with it, which begins with the first message.

    `product` and `part`, both of that shop, are pinned to the message. Raises `OwnShop`,
    `ShopClosed` where no order is spoken of, and what `post` raises. Publishes `MessagePosted`.
    """
    if Shop.objects.managed_by(buyer).filter(pk=shop.pk).exists():
        raise OwnShop
    if part is None and shop.state != Shop.State.OPEN:
        raise ShopClosed
    return post(
        conversation=_between(buyer, shop),
        author=buyer,
        body=body,
        product=product,
        part=part,
        client_id=client_id,
        files=files,
    )


@whole_unit
def start_as_shop(
    *,
    part: SellerOrder,
    author: User,
    body: str,
    client_id: uuid.UUID | None = None,
    files: Sequence[Attachment] = (),
) -> Message:
    """A shop writes to the buyer of `part`. Raises `GuestOrder`, and what `post` raises."""
    if part.order.buyer is None:
        raise GuestOrder
    return post(
        conversation=_between(part.order.buyer, part.shop),
        author=author,
        body=body,
        part=part,
        client_id=client_id,
        files=files,
    )


@whole_unit
def post(
    *,
    conversation: Conversation,
    author: User,
    body: str,
    client_id: uuid.UUID | None = None,
    product: Product | None = None,
    part: SellerOrder | None = None,
    files: Sequence[Attachment] = (),
) -> Message:
    """Add `body` and `files` (not saved yet), once for each `client_id` of an author.

    Sent again, the message that is there is returned as it is, `is_repeated`. Locks the
    conversation, whose numbers have no gaps. Raises `BlankMessage`, `MessageTooLong`,
    `TooManyFiles`, `Blocked`, `NobodyThere`. Publishes `MessagePosted`.
    """
    text = plain_text(body)
    # The rules are read before the lock.
    flags = contact_details.found(text)
    return _add(
        writing.locked(conversation),
        text,
        flags,
        author=author,
        client_id=client_id,
        product=product,
        part=part,
        files=files,
    )


@whole_unit
def post_at(*, address: uuid.UUID, author: User, body: str, client_id: uuid.UUID) -> Message:
    """`post` in the conversation of that `uuid`, found as `author` sees it and locked in one.

    Raises `Conversation.DoesNotExist`, and what `post` raises. Publishes `MessagePosted`.
    """
    text = plain_text(body)
    flags = contact_details.found(text)
    conversation = writing.found(address, author)
    return _add(conversation, text, flags, author=author, client_id=client_id)


def _add(
    conversation: Conversation,
    text: str,
    flags: list[str],
    *,
    author: User,
    client_id: uuid.UUID | None,
    product: Product | None = None,
    part: SellerOrder | None = None,
    files: Sequence[Attachment] = (),
) -> Message:
    """To `conversation`, which is locked: see `post`."""
    _require_sayable(text, files)
    if client_id and (sent := _sent(conversation, author, client_id)):
        return sent
    side = conversation.side_of(author)
    writing.require_open(conversation, side)
    message = writing.append(
        conversation=conversation,
        side=side,
        author=author,
        body=text,
        client_id=client_id,
        product=product,
        part=part,
        flags=" ".join(flags),
        files=files,
    )
    writing.tell(message)
    if side == Side.BUYER:
        _answer_by_itself(conversation)
    return message


@whole_unit
def edit(*, message: Message, author: User, body: str) -> Message:
    """Say it otherwise, while `MESSAGE_EDIT_MINUTES` last, by the database's clock.

    Raises `TooLateToChange`, also for what is not the author's own text; `BlankMessage`,
    `MessageTooLong`.
    """
    text = plain_text(body)
    _require_sayable(text, ())
    flags = " ".join(contact_details.found(text))
    if not _changeable(message, author).update(body=text, edited_at=now(), flags=flags):
        raise TooLateToChange(minutes=settings.MESSAGE_EDIT_MINUTES)
    message.refresh_from_db()
    writing.show_change(message)
    return message


@whole_unit
def delete(*, message: Message, author: User) -> Message:
    """Take it back: text and files go, the row and its number stay. Raises `TooLateToChange`."""
    gone = _changeable(message, author).update(body="", flags="", deleted_at=now())
    if not gone:
        raise TooLateToChange(minutes=settings.MESSAGE_EDIT_MINUTES)
    attached = list(message.attachments.all())
    message.attachments.all().delete()
    transaction.on_commit(lambda: keeping.forget(attached), robust=True)
    message.refresh_from_db()
    writing.show_change(message)
    return message


def _between(buyer: User, shop: Shop) -> Conversation:
    conversation, _ = Conversation.objects.get_or_create(buyer=buyer, shop=shop)
    return conversation


def _require_sayable(text: str, files: Sequence[Attachment]) -> None:
    if not text and not files:
        raise BlankMessage
    if len(text) > Message.LONGEST:
        raise MessageTooLong(most=Message.LONGEST)
    if len(files) > Message.MOST_FILES:
        raise TooManyFiles(most=Message.MOST_FILES)


def _sent(conversation: Conversation, author: User, client_id: uuid.UUID) -> Message | None:
    rows = conversation.messages.filter(author=author, client_id=client_id)
    if not rows.exists():
        return None
    message = rows.for_frames().get()
    message.is_repeated = True
    return message


def _changeable(message: Message, author: User):
    window = timedelta(minutes=settings.MESSAGE_EDIT_MINUTES)
    return Message.objects.filter(
        pk=message.pk,
        author=author,
        kind=Message.Kind.TEXT,
        deleted_at=None,
        created_at__gt=Now() - window,
    )


def _answer_by_itself(conversation: Conversation) -> None:
    """The shop's automatic answer, unless the shop has spoken within a day."""
    text = _away_text(conversation.shop)
    lately = conversation.messages.filter(side=Side.SHOP, created_at__gt=now() - AWAY_PAUSE)
    if not text or lately.exists():
        return
    answer = writing.append(
        conversation=conversation,
        side=Side.SHOP,
        author=None,
        body=text,
        kind=Message.Kind.AWAY,
    )
    writing.tell(answer, quietly=True)


def _away_text(shop: Shop) -> str:
    desk: Desk | None = getattr(shop, "desk", None)
    if shop.is_away():
        return (desk and desk.away_message) or shop.away_note
    return desk.away_message if desk and desk.is_away else ""
