"""Asking, and agreeing, within a conversation: then the real services of orders run.

A shop offers a part of the money back and the buyer accepts; a buyer asks to call off or to send
back and the shop agrees. The conversation is locked first, then what the service of the order
locks, so that the answer and what it brings about are one: both happen, or neither.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import User
from chat.models import Conversation, Message, Proposal, Side
from chat.services import writing
from marketflow.core.errors import Refusal
from marketflow.core.plain_text import plain_text
from marketflow.core.templatetags.marketflow import money
from marketflow.core.transactions import whole_unit
from orders.models import Refund, Return, SellerOrder
from orders.services import cancelling, fulfilment, refunds, returns, shares
from orders.services.refunds import NothingToRefund
from orders.services.shares import RefundTooLarge

State, Kind = Proposal.State, Proposal.Kind


class AlreadyAsked(Refusal):
    code = "already_asked"
    message = "The same is waiting for an answer."


class AlreadyDecided(Refusal):
    """`state` is what it was decided to be."""

    code = "already_decided"
    message = "This has been answered."


class NothingToCallOff(Refusal):
    code = "not_cancellable"
    message = "Nothing of this order can be called off now."


@whole_unit
def offer_refund(
    *,
    conversation: Conversation,
    part: SellerOrder,
    amount_minor: int,
    reason: str,
    author: User,
    client_id: uuid.UUID | None = None,
) -> Proposal:
    """The shop offers `amount_minor` of what is left of `part`; nothing moves before the answer.

    Raises `NothingToRefund`, `RefundTooLarge`, `AlreadyAsked`, and what `post` raises. Publishes
    `MessagePosted`.
    """
    if amount_minor <= 0 or part.order.paid_at is None:
        raise NothingToRefund
    if amount_minor > part.refundable.amount:
        raise RefundTooLarge(available=part.refundable.amount)
    return _propose(
        conversation,
        part,
        Kind.REFUND,
        author=author,
        reason=reason,
        client_id=client_id,
        amount_minor=amount_minor,
        currency=part.order.currency,
    )


@whole_unit
def ask_to_cancel(
    *,
    conversation: Conversation,
    part: SellerOrder,
    reason: str,
    author: User,
    client_id: uuid.UUID | None = None,
) -> Proposal:
    """The buyer does not want what is still to be sent of `part`.

    Raises `NothingToCallOff`, `AlreadyAsked`, and what `post` raises. Publishes `MessagePosted`.
    """
    if part.state != SellerOrder.State.PAID:
        raise NothingToCallOff(state=part.state)
    return _propose(
        conversation, part, Kind.CANCELLATION, author=author, reason=reason, client_id=client_id
    )


@whole_unit
def ask_to_return(
    *,
    conversation: Conversation,
    part: SellerOrder,
    lines: Mapping[int, int],
    reason: str,
    author: User,
    client_id: uuid.UUID | None = None,
) -> Proposal:
    """The buyer wants to send back `lines` ({order line id: units}): `returns.request` runs.

    Raises what that raises, `AlreadyAsked`, and what `post` raises. Publishes `ReturnRequested`
    and `MessagePosted`.
    """
    conversation = writing.locked(conversation)
    if known := _sent(conversation, client_id):
        return known
    _forget_answered_elsewhere(part)
    parcel = returns.request(part=part, lines=lines, reason=reason, actor=author)
    return _propose(
        conversation,
        part,
        Kind.RETURN,
        author=author,
        reason=reason,
        client_id=client_id,
        parcel=parcel,
    )


@whole_unit
def accept(*, proposal: Proposal, actor: User) -> Proposal:
    """The other side agrees, and it is done: money goes back, units are called off or returned.

    Locks Conversation, then as the service of orders does. Raises `AlreadyDecided`, and what
    that service raises; then the proposal stands as it was. Publishes what it publishes, and
    `MessagePosted`.
    """
    proposal, conversation = _taken(proposal, State.ACCEPTED, actor)
    if proposal.kind == Kind.REFUND:
        proposal.refund = _give_back(proposal)
        proposal.save(update_fields=["refund"])
    elif proposal.kind == Kind.CANCELLATION:
        reason = proposal.reason or _("The buyer asked for it.")
        cancelling.cancel_units(part=proposal.part, reason=reason, actor=actor)
    else:
        returns.approve(parcel=proposal.parcel, actor=actor)
    _say_what_became_of(proposal, conversation, actor)
    return proposal


@whole_unit
def decline(*, proposal: Proposal, actor: User) -> Proposal:
    """The other side does not agree. Raises `AlreadyDecided`. Publishes `MessagePosted`."""
    proposal, conversation = _taken(proposal, State.DECLINED, actor)
    if proposal.parcel:
        returns.reject(parcel=proposal.parcel, actor=actor)
    _say_what_became_of(proposal, conversation, actor)
    return proposal


@whole_unit
def withdraw(*, proposal: Proposal, actor: User) -> Proposal:
    """Who proposed it takes it back. Raises `AlreadyDecided`. Publishes `MessagePosted`."""
    proposal, conversation = _taken(proposal, State.WITHDRAWN, actor)
    if proposal.parcel:
        returns.withdraw(parcel=proposal.parcel, actor=actor)
    _say_what_became_of(proposal, conversation, actor)
    return proposal


@whole_unit
def follow_return(*, parcel: Return) -> None:
    """A return that was answered elsewhere is answered here too. Told again, nothing changes."""
    state = State.DECLINED if parcel.state == Return.State.REJECTED else State.ACCEPTED
    waiting = Proposal.objects.open().filter(parcel=parcel).select_related("message").first()
    if waiting and _decide(waiting, state, None):
        writing.show_change(waiting.message)


@whole_unit
def send_parcel(
    *,
    conversation: Conversation,
    part: SellerOrder,
    author: User,
    carrier: str,
    tracking_number: str,
) -> Message:
    """The shop sends all that is left of `part`, and says how. As `fulfilment.ship`."""
    conversation = writing.locked(conversation)
    fulfilment.ship(
        seller_order=part, carrier=carrier, tracking_number=tracking_number, actor=author
    )
    number = " ".join([carrier, tracking_number]).strip()
    text = _("Sent with %(parcel)s.") % {"parcel": number} if number else _("It is on its way.")
    return _say(conversation, part, author, text)


@whole_unit
def confirm_receipt(*, conversation: Conversation, part: SellerOrder, author: User) -> Message:
    """The buyer has it and is content. As `fulfilment.confirm`."""
    conversation = writing.locked(conversation)
    fulfilment.confirm(seller_order=part, actor=author)
    return _say(conversation, part, author, _("Everything has come."))


def _propose(
    conversation: Conversation,
    part: SellerOrder,
    kind: str,
    *,
    author: User,
    reason: str,
    client_id: uuid.UUID | None,
    **terms: object,
) -> Proposal:
    conversation = writing.locked(conversation)
    side = conversation.side_of(author)
    if known := _sent(conversation, client_id):
        return known
    writing.require_open(conversation, side)
    if Proposal.objects.open().filter(part=part, kind=kind).exists():
        raise AlreadyAsked
    words = plain_text(reason)[:500]
    message = writing.append(
        conversation=conversation,
        side=side,
        author=author,
        kind=Message.Kind.PROPOSAL,
        body=words,
        part=part,
        client_id=client_id,
    )
    proposal = Proposal.objects.create(
        message=message, kind=kind, part=part, reason=words, **terms
    )
    writing.tell(message)
    return proposal


def _sent(conversation: Conversation, client_id: uuid.UUID | None) -> Proposal | None:
    if client_id is None:
        return None
    same = Proposal.objects.filter(message__conversation=conversation)
    return same.filter(message__client_id=client_id).first()


def _taken(proposal: Proposal, state: str, actor: User) -> tuple[Proposal, Conversation]:
    """`proposal` in its new state, and its conversation under its lock."""
    conversation = writing.locked(proposal.message.conversation)
    fresh = Proposal.objects.select_related("message", "part__order", "part__shop", "parcel")
    proposal = fresh.get(pk=proposal.pk)
    if not _decide(proposal, state, actor):
        raise AlreadyDecided(state=proposal.state)
    return proposal, conversation


def _decide(proposal: Proposal, state: str, actor: User | None) -> bool:
    """By condition: of two who answer at once, one does."""
    rows = Proposal.objects.open().filter(pk=proposal.pk)
    moment = now()
    if not rows.update(state=state, decided_by=actor, decided_at=moment):
        return False
    proposal.state, proposal.decided_by, proposal.decided_at = state, actor, moment
    return True


def _give_back(proposal: Proposal) -> Refund:
    part, amount = proposal.part, proposal.amount_minor
    terms = {
        "kind": Refund.Kind.GOODWILL,
        "reason": proposal.reason,
        "actor": proposal.message.author,
    }
    if amount == part.refundable.amount:
        return refunds.decide_all(part=part, **terms)
    lines, shipping = shares.spread(part, amount)
    return refunds.decide(part=part, lines=lines, shipping_minor=shipping, **terms)


def _say_what_became_of(proposal: Proposal, conversation: Conversation, actor: User) -> None:
    writing.show_change(proposal.message)
    words = {
        State.ACCEPTED: _("Accepted: %(what)s."),
        State.DECLINED: _("Declined: %(what)s."),
        State.WITHDRAWN: _("Taken back: %(what)s."),
    }
    what = str(Kind(proposal.kind).label).lower()
    if proposal.amount_minor:
        what = f"{what}, {money(proposal.amount)}"
    _say(conversation, proposal.part, actor, words[proposal.state] % {"what": what})


def _say(conversation: Conversation, part: SellerOrder, author: User, text: str) -> Message:
    message = writing.append(
        conversation=conversation,
        side=conversation.side_of(author),
        author=author,
        kind=Message.Kind.EVENT,
        body=text,
        part=part,
    )
    writing.tell(message)
    return message


def _forget_answered_elsewhere(part: SellerOrder) -> None:
    """A return that its buyer withdrew on the page of the order waits for nobody here."""
    stale = Proposal.objects.open().filter(part=part, kind=Kind.RETURN)
    stale = stale.exclude(parcel__state=Return.State.REQUESTED)
    stale.update(state=State.WITHDRAWN, decided_at=now())


def sides(proposal: Proposal) -> tuple[Side, Side]:
    """Who proposed it, and who answers it."""
    asks = Side(proposal.message.side)
    return asks, Side.SHOP if asks == Side.BUYER else Side.BUYER
