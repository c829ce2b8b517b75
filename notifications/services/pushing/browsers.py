"""Browsers that people let us wake: turning one on, and forgetting it."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from accounts.models import BrowserSession, User
from marketflow.core import outside
from marketflow.core.errors import Refusal
from notifications.models import Push, PushSubscription
from notifications.services.pushing import encryption, vapid
from notifications.services.webhooks import wire

MOST_BROWSERS = 10
MOST_ENDPOINT = PushSubscription._meta.get_field("endpoint").max_length
# Of what was pushed nobody asks later than that.
KEPT = timedelta(days=30)


class PushesOff(Refusal):
    code = "pushes_off"
    message = _("This market sends no pushes.")


class BadSubscription(Refusal):
    code = "push_subscription"
    message = _("That browser can’t be reached. Try again, or use another one.")


class TooManyBrowsers(Refusal):
    code = "too_many_browsers"
    message = _("You have as many browsers as there can be. Remove one first.")


def require_reachable(*, endpoint: str, p256dh: str, auth: str) -> None:
    """Raise `BadSubscription` for what no push may or can be sent to.

    Asks the resolver, which takes its time: not within a transaction.
    """
    if len(endpoint) > MOST_ENDPOINT:
        raise BadSubscription
    try:
        encryption.read_keys(p256dh, auth)
        wire.check(endpoint)
    except (ValueError, outside.Forbidden, outside.Away) as problem:
        raise BadSubscription from problem


@transaction.atomic
def turn_on(
    *, user: User, session: BrowserSession | None, endpoint: str, p256dh: str, auth: str
) -> PushSubscription:
    """Wake the browser of `session` from now on; again, it is the same.

    `require_reachable` comes first. Whoever used that browser before is woken there no more.
    Locks the person. Raises `PushesOff`, `BadSubscription` and `TooManyBrowsers`.
    """
    if not vapid.is_on():
        raise PushesOff
    if session is None or session.user_id != user.pk:
        raise BadSubscription
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    values = {
        "user": user,
        "session": session,
        "p256dh": p256dh,
        "auth": auth,
        "server_key": vapid.public_key(),
    }
    there = PushSubscription.objects.filter(endpoint=endpoint).first()
    if there and not constant_time_compare(there.auth, auth):
        # The address of a browser is secret, and so is this: who knows one alone has it not.
        raise BadSubscription
    if there and all(getattr(there, name) == value for name, value in values.items()):
        return there
    if there:
        there.delete()
    PushSubscription.objects.filter(session=session).delete()
    if PushSubscription.objects.filter(user=user).count() >= MOST_BROWSERS:
        raise TooManyBrowsers(most=MOST_BROWSERS)
    made, is_new = PushSubscription.objects.get_or_create(endpoint=endpoint, defaults=values)
    if not is_new:
        raise BadSubscription  # Somebody else's, a moment ago.
    return made


def find(*, endpoint: str, auth: str) -> PushSubscription | None:
    """The browser at that address, for who has its secret too; None for what isn't woken."""
    if not vapid.is_on():
        return None
    awake = PushSubscription.objects.reachable(vapid.public_key())
    browser = awake.filter(endpoint=endpoint).first()
    return browser if browser and constant_time_compare(browser.auth, auth) else None


def move(browser: PushSubscription, *, endpoint: str, p256dh: str, auth: str) -> None:
    """The browser has changed its address or keys by itself: what waits for it goes there.

    `require_reachable` comes first. Raises `BadSubscription` for the address of another.
    """
    rows = PushSubscription.objects.filter(pk=browser.pk)
    try:
        with transaction.atomic():
            rows.update(endpoint=endpoint, p256dh=p256dh, auth=auth)
    except IntegrityError as problem:
        raise BadSubscription from problem


def of(user: User) -> QuerySet[PushSubscription]:
    """Those that would be woken now, with what names them."""
    if not vapid.is_on():
        return PushSubscription.objects.none()
    mine = PushSubscription.objects.visible_to(user).reachable(vapid.public_key())
    return mine.select_related("session")


def forget_old() -> int:
    """Drop old pushes, and browsers whose sign-in is over. Returns how many rows."""
    over = PushSubscription.objects.exclude(session__in=BrowserSession.objects.alive())
    if vapid.is_on():
        over |= PushSubscription.objects.exclude(server_key=vapid.public_key())
    count, _rows = over.delete()
    return count + Push.objects.filter(created_at__lt=Now() - KEPT).delete()[0]
