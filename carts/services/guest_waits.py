"""Guests who wait for what is sold out: by an address that they have confirmed is theirs.

Nobody is told whose address waits for what, but the mailbox itself: by links, which name no
address.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.timezone import now

from carts.events import GuestAsked
from carts.models import BackInStockRequest
from carts.services import waiting_lines
from catalog.models import Variant
from marketflow.core.events import publish
from marketflow.core.rate_limits import account_of

CONFIRM = "carts.guest_waits.confirm"
END = "carts.guest_waits.end"
# Until then an address may be confirmed; a day later it is forgotten.
OPEN_FOR = timedelta(days=2)


@transaction.atomic
def ask(*, email: str, variant: Variant) -> None:
    """Send a link to `email` that lets it be told when `variant` is back.

    Who waits already is sent none, and that is not said. Publishes `GuestAsked`. Raises `IsThere`.
    """
    waiting_lines.require_sold_out(variant)
    request, _is_new = BackInStockRequest.objects.get_or_create(
        mailbox=mailbox_of(email), variant=variant, user=None, told_at=None,
        defaults={"email": email},
    )  # fmt: skip
    if request.confirmed_at is None:
        publish(GuestAsked(request_id=request.pk, asking=str(uuid.uuid4())))


def find(token: str) -> BackInStockRequest | None:
    """The request that the link of `token` confirms; None for what is forged, old or told."""
    try:
        pk = signing.loads(token, salt=CONFIRM, max_age=OPEN_FOR)
    except signing.BadSignature:
        return None
    return _untold().select_related("variant__product").filter(pk=pk).first()


def to_confirm(pk: int) -> BackInStockRequest | None:
    """The request `pk`, with its product, unless it is confirmed, ended or told by now."""
    unconfirmed = _untold().filter(confirmed_at=None)
    return unconfirmed.select_related("variant__product").filter(pk=pk).first()


def confirm(request: BackInStockRequest) -> bool:
    """From now on it waits in line. False where it does already."""
    unconfirmed = _untold().filter(pk=request.pk, confirmed_at=None)
    return bool(unconfirmed.update(confirmed_at=now()))


def mailbox_in(token: str) -> str:
    """Whose requests the link of `token` ends; "" for what no mail of ours bore."""
    try:
        return signing.loads(token, salt=END)
    except signing.BadSignature:
        return ""


def end(mailbox: str) -> int:
    """Forget all that `mailbox` asked for. Returns how many requests."""
    return _untold().filter(mailbox=mailbox).delete()[0]


def forget_unconfirmed() -> int:
    """Forget addresses that nobody confirmed. Returns how many requests."""
    old = _untold().filter(confirmed_at=None, asked_at__lt=Now() - OPEN_FOR - timedelta(days=1))
    return old.delete()[0]


def link_to_confirm(request: BackInStockRequest) -> str:
    return _link("carts:confirm_wait", signing.dumps(request.pk, salt=CONFIRM))


def way_out(request: BackInStockRequest) -> str:
    """Where one click ends all that the mailbox waits for."""
    return _link("carts:end_waits", signing.dumps(request.mailbox, salt=END))


def mailbox_of(email: str) -> str:
    return salted_hmac("carts.mailbox", account_of(email), algorithm="sha256").hexdigest()


def _untold() -> QuerySet[BackInStockRequest]:
    return BackInStockRequest.objects.filter(user=None, told_at=None)


def _link(name: str, token: str) -> str:
    return settings.SITE_URL + reverse(name, args=[token])
