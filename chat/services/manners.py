"""Blocking somebody, and asking the marketplace to look."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from accounts.models import User
from chat.events import ConversationReported
from chat.models import Conversation, Message, Report, Side
from marketflow.core.errors import Refusal
from marketflow.core.events import publish
from marketflow.core.plain_text import plain_text
from marketflow.core.realtime import push_on_commit


class NoReason(Refusal):
    code = "no_reason"
    message = "Say what is wrong."


class AlreadyClosed(Refusal):
    code = "already_closed"
    message = "Somebody has closed this report."


@transaction.atomic
def block(*, conversation: Conversation, person: User) -> None:
    """The side of `person` hears nothing more of the other. Blocking twice changes nothing."""
    side = conversation.side_of(person)
    rows = Conversation.objects.filter(pk=conversation.pk, **{_column(side): None})
    if rows.update(**{_column(side): now()}):
        push_on_commit(conversation.group, "blocked", is_blocked=True)


@transaction.atomic
def unblock(*, conversation: Conversation, person: User) -> None:
    """Both may write again, unless the other side blocks too."""
    column = _column(conversation.side_of(person))
    rows = Conversation.objects.filter(pk=conversation.pk).exclude(**{column: None})
    if rows.update(**{column: None}):
        push_on_commit(conversation.group, "blocked", is_blocked=False)


def report(
    *, conversation: Conversation, reporter: User, reason: str, message: Message | None = None
) -> Report:
    """Ask staff to look. While one report of theirs is open, another says the same.

    Raises `NoReason`. The text of `message` is kept as it is now. Publishes
    `ConversationReported`.
    """
    words = plain_text(reason)[:500]
    if not words:
        raise NoReason
    try:
        with transaction.atomic():
            made = Report.objects.create(
                conversation=conversation,
                message=message,
                reporter=reporter,
                side=conversation.side_of(reporter),
                reason=words,
                quoted=message.body if message else "",
            )
            publish(
                ConversationReported(
                    report_id=made.pk,
                    conversation_id=conversation.pk,
                    shop_id=conversation.shop_id,
                )
            )
            return made
    except IntegrityError:
        return Report.objects.open().get(conversation=conversation, reporter=reporter)


@transaction.atomic
def close_report(*, report: Report, decision: str, actor: User) -> Report:
    """Staff have looked. Raises `NoReason`, `AlreadyClosed`."""
    words = plain_text(decision)[:500]
    if not words:
        raise NoReason
    rows = Report.objects.open().filter(pk=report.pk)
    if not rows.update(closed_at=now(), closed_by=actor, decision=words):
        raise AlreadyClosed
    report.refresh_from_db()
    return report


def _column(side: Side) -> str:
    return "blocked_by_buyer_at" if side == Side.BUYER else "blocked_by_shop_at"
