"""What people want to be told, where and when. Unless they said otherwise: as the table has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from accounts.models import User
from notifications.kinds import KINDS, Channel, Kind, Side
from notifications.models import Habits, Preference
from notifications.services.pushing import vapid

WAY_OUT = "notifications.unsubscribe"
Choices = Mapping[str, Mapping[str, bool]]


@dataclass(frozen=True)
class Wishes:
    """How one person wants to hear of one kind."""

    channels: frozenset[Channel]
    habits: Habits
    is_essential: bool

    @property
    def gathers(self) -> bool:
        """Whether its mail waits for the daily digest."""
        is_mailed = Channel.EMAIL in self.channels
        return is_mailed and self.habits.digest_at is not None and not self.is_essential

    def quiet_until(self, moment: datetime) -> datetime | None:
        return self.habits.quiet_ends(moment)


def wishes_of(user: User, name: str) -> Wishes:
    """In two statements."""
    kind = KINDS[name]
    said = Preference.objects.filter(user=user, kind=name).values_list("channel", "is_on")
    return Wishes(_channels(kind, dict(said)), habits_of(user), kind.is_essential)


def habits_of(user: User) -> Habits:
    """Those that somebody saved; else those of somebody who never said."""
    return Habits.objects.filter(pk=user.pk).first() or Habits(user=user)


def choices_of(user: User) -> dict[str, dict[str, bool]]:
    """`{kind: {channel: is it on}}` of every kind that concerns the person, in one statement."""
    said: dict[str, dict[str, bool]] = {}
    for kind, channel, is_on in Preference.objects.filter(user=user).values_list(
        "kind", "channel", "is_on"
    ):
        said.setdefault(kind, {})[channel] = is_on
    return {
        kind.name: {
            channel.value: channel in _channels(kind, said.get(kind.name, {}))
            for channel in Channel
        }
        for kind in kinds_for(user)
    }


def kinds_for(user: User) -> list[Kind]:
    """What somebody may hear of: as a buyer, and as who they are besides."""
    sides = {Side.BUYING}
    if user.is_staff:
        sides.add(Side.STAFF)
    elif user.shops.exists():
        sides.add(Side.SELLING)
    return [kind for kind in KINDS.values() if kind.side in sides]


def channels_on_offer() -> list[Channel]:
    """What the page asks about: pushes only where the market can send them."""
    return [channel for channel in Channel if channel != Channel.PUSH or vapid.is_on()]


def fixed_of(choices: Choices) -> dict[str, list[str]]:
    """Channels that `choices` would switch off, and can't: `{kind: [channel, …]}`."""
    found: dict[str, list[str]] = {}
    for name, channels in choices.items():
        for channel, is_on in channels.items():
            if not is_on and KINDS[name].is_fixed(Channel(channel)):
                found.setdefault(name, []).append(channel)
    return found


@transaction.atomic
def save(*, user: User, choices: Choices, habits: Habits) -> None:
    """Keep what differs from the table; what is as there follows the table from now on.

    `choices` are of whole kinds; kinds that it leaves out are as by default. Locks the person.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    Preference.objects.filter(user=user, kind__in=[k.name for k in kinds_for(user)]).delete()
    Preference.objects.bulk_create(_differences(user, choices))
    habits.user = user
    fields = ["time_zone", "language", "quiet_from", "quiet_until", "digest_at"]
    values = {name: getattr(habits, name) for name in fields}
    Habits.objects.update_or_create(user=user, defaults=values)


@transaction.atomic
def switch_off(*, user: User, kind: str, channel: Channel) -> bool:
    """No longer tell `user` of `kind` on `channel`. False where that can't be."""
    if kind not in KINDS or KINDS[kind].is_fixed(channel):
        return False
    Preference.objects.update_or_create(
        user=user, kind=kind, channel=channel, defaults={"is_on": False}
    )
    return True


def way_out(user: User, kind: str) -> str:
    """Where one click ends the mails of `kind`, signed in or not; "" where nobody can."""
    if KINDS[kind].is_fixed(Channel.EMAIL):
        return ""
    token = signing.dumps([user.pk, kind], salt=WAY_OUT)
    return settings.SITE_URL + reverse("notifications:unsubscribe", args=[token])


def who_goes(token: str) -> tuple[User, Kind] | None:
    """Whose mails of which kind the link of `token` ends; None for what no mail of ours bore."""
    try:
        user_id, name = signing.loads(token, salt=WAY_OUT)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=user_id, is_active=True).first()
    kind = KINDS.get(name)
    return (user, kind) if user and kind else None


def _differences(user: User, choices: Choices) -> Iterable[Preference]:
    for name, channels in choices.items():
        for channel, is_on in channels.items():
            if is_on != (channel in KINDS[name].channels):
                yield Preference(user=user, kind=name, channel=channel, is_on=is_on)


def _channels(kind: Kind, said: Mapping[str, bool]) -> frozenset[Channel]:
    return frozenset(
        channel
        for channel in Channel
        if said.get(channel.value, channel in kind.channels)
        or (kind.is_fixed(channel) and channel in kind.channels)
    )
