"""Keys for programs: shown once, kept as a digest, and good for what they name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.crypto import get_random_string
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from structlog.contextvars import get_contextvars

from accounts.backends import EmailBackend
from accounts.models import ApiKey, Shop, User
from marketflow.core.api.scopes import OF_THE_HOUSE, SCOPES
from marketflow.core.errors import Refusal
from marketflow.core.models import AuditEntry

MARK = "mfk_"
# Of 62 letters and digits: the part that nobody sees again has 190 bits.
LENGTH, SHOWN = 40, 8
NOTED_EVERY = timedelta(minutes=1)
MOST = 50


class TooManyKeys(Refusal):
    code = "too_many_keys"
    message = _("There are 50 keys in use. Revoke one first.")


@transaction.atomic
def make(
    *,
    by: User,
    shop: Shop | None,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A key of `shop`, or of the marketplace where that is None, and its text.

    The text is kept nowhere: this is the only time it is known. Locks the person. Writes down who
    made it. Raises ValueError for a scope that is unknown or not a shop's, `TooManyKeys`.
    """
    scopes = sorted(set(scopes))
    known = SCOPES.keys() - OF_THE_HOUSE if shop else SCOPES.keys()
    if not scopes or not known >= set(scopes):
        raise ValueError(scopes)
    User.objects.select_for_update().get(pk=by.pk)
    if ApiKey.objects.usable().filter(shop=shop, made_by=by).count() >= MOST:
        raise TooManyKeys
    text = MARK + get_random_string(LENGTH)
    key = ApiKey.objects.create(
        shop=shop,
        made_by=by,
        name=name,
        prefix=text[: len(MARK) + SHOWN],
        digest=digest_of(text),
        scopes=scopes,
        expires_at=expires_at,
    )
    _write_down("api_key_made", key, by)
    return key, text


@transaction.atomic
def revoke(*, key: ApiKey, by: User) -> None:
    """End a key at once. One that is ended stays as it is."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()):
        _write_down("api_key_revoked", key, by)
    key.refresh_from_db(fields=["revoked_at"])


def find(text: str) -> ApiKey | None:
    """The usable key of that text, with its maker; None where there is none.

    Notes that it was used, at most once a minute.
    """
    keys = ApiKey.objects.usable().select_related("made_by", "shop")
    key = keys.filter(digest=digest_of(text)).first()
    if key is None or not _may_act(key):
        return None
    if key.last_used_at is None or key.last_used_at <= now() - NOTED_EVERY:
        _note_use(key)
    return key


def digest_of(text: str) -> str:
    # Long and random: a slow hash would protect nothing that this one does not.
    return hashlib.sha256(text.encode()).hexdigest()


def _may_act(key: ApiKey) -> bool:
    person = key.made_by
    if not EmailBackend().user_can_authenticate(person):
        return False
    if key.shop_id is None:
        return person.is_staff
    return Shop.objects.managed_by(person, "keys").filter(pk=key.shop_id).exists()


def _note_use(key: ApiKey) -> None:
    long_ago = Q(last_used_at=None) | Q(last_used_at__lte=Now() - NOTED_EVERY)
    ApiKey.objects.filter(long_ago, pk=key.pk).update(last_used_at=Now())


def _write_down(action: str, key: ApiKey, by: User) -> None:
    AuditEntry.objects.create(
        actor=by,
        action=action,
        subject="shop" if key.shop else "marketplace",
        subject_id=str(key.shop.uuid) if key.shop else "",
        before={},
        after={"key": key.prefix, "name": key.name, "scopes": key.scopes},
        request_id=get_contextvars().get("request_id", ""),
    )
