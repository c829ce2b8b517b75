"""Telling somebody something, once: a row in their list, and what leaves the house about it.

The row is the gate. Who hears an event for the second time, or at the same moment as another
relay, finds it there and does nothing; so mails and pushes are written once as well, in the same
transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils.timezone import now

from accounts.models import User
from notifications.kinds import KINDS, Channel, Kind
from notifications.models import Notification
from notifications.services import counts, mailing, preferences
from notifications.services.preferences import Wishes
from notifications.services.pushing import queueing


@dataclass(frozen=True, kw_only=True)
class News:
    """What happened, for one person or several.

    `about` tells one subject of the kind from the next; `page_args` complete the address of the
    kind's page; `facts` are what its sentence names, as plain values. The mail is made from
    `template`, by default the kind's own, and `context`.
    """

    kind: str
    about: str
    page_args: tuple = ()
    facts: dict[str, object] = field(default_factory=dict)
    template: str = ""
    context: dict[str, object] = field(default_factory=dict)
    # False where the mail goes to addresses rather than to people.
    is_mailed: bool = True

    @property
    def dedupe_key(self) -> str:
        return f"{self.kind}:{self.about}"

    @property
    def path(self) -> str:
        return KINDS[self.kind].path(*self.page_args)

    @property
    def mail_context(self) -> dict[str, object]:
        """What mails of every kind may read: where it leads, and what the list says of it."""
        # Put into words by the template, in the language of its reader.
        sentence = partial(KINDS[self.kind].in_words, self.facts)
        return {"url": settings.SITE_URL + self.path, "sentence": sentence} | self.context


def told(news: News, ids: Collection[int]) -> set[int]:
    """Those of `ids` to whom the news was told before."""
    rows = Notification.objects.filter(user__in=ids, dedupe_key=news.dedupe_key)
    return set(rows.values_list("user_id", flat=True))


@transaction.atomic
def tell(*, user: User, news: News, is_looking: bool = False) -> Notification | None:
    """Tell `user` the news on the channels they want it on; None where that was done before.

    Nothing leaves the house for who `is_looking` at it already, and it is read at once. Somebody
    who left is told nothing. Pushes the notification and the new counts to open pages on commit.
    """
    if not user.is_active:
        return None
    kind, wishes = KINDS[news.kind], preferences.wishes_of(user, news.kind)
    notification = _write_once(user, news, kind, wishes, is_looking)
    if notification is None:
        return None
    if not is_looking:
        _send(user, news, notification, wishes)
    counts.push_on_commit(user, notification)
    return notification


def _write_once(
    user: User, news: News, kind: Kind, wishes: Wishes, is_read: bool
) -> Notification | None:
    mine = Notification(
        user=user,
        kind=kind.name,
        dedupe_key=news.dedupe_key,
        facts=news.facts,
        path=news.path,
        is_shown=Channel.IN_APP in wishes.channels,
        awaits_digest=wishes.gathers and not is_read,
        read_at=now() if is_read else None,
    )
    # A rival that writes the same makes this wait for its end, and then do nothing.
    Notification.objects.bulk_create([mine], ignore_conflicts=True)
    return Notification.objects.filter(uuid=mine.uuid).first()


def _send(user: User, news: News, notification: Notification, wishes: Wishes) -> None:
    later = wishes.quiet_until(now())
    if news.is_mailed and Channel.EMAIL in wishes.channels and not wishes.gathers:
        _mail(user, news, wishes, None if wishes.is_essential else later)
    if Channel.PUSH in wishes.channels:
        queueing.queue(notification, due_at=later)


def _mail(user: User, news: News, wishes: Wishes, due_at: datetime | None) -> None:
    mailing.write(
        recipient=user.email,
        kind=news.kind,
        about=news.about,
        context=news.mail_context,
        template=news.template,
        reader=wishes.habits,
        way_out=preferences.way_out(user, news.kind),
        due_at=due_at,
    )
