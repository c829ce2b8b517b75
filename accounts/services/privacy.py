"""Leaving: what is forgotten of a person, and what must stay."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.events import AccountDeleted
from accounts.models import ShopMember, User
from accounts.services import exports, sessions, shop_drafts
from marketflow.core.errors import Refusal
from marketflow.core.events import publish


class RunsAShop(Refusal):
    code = "runs_a_shop"
    message = _("You own a shop. Hand it over or have it closed before you leave.")


@transaction.atomic
def delete_account(*, user: User) -> None:
    """Forget the person. Their orders stay, as tax law asks, and name nobody's account.

    Locks the person. Raises `RunsAShop`. Publishes `AccountDeleted`.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.memberships.filter(role=ShopMember.Role.OWNER).exists():
        raise RunsAShop
    user.memberships.all().delete()
    user.api_keys.filter(revoked_at=None).update(revoked_at=Now())
    user.authenticator_set.all().delete()
    for export in user.data_exports.all():
        transaction.on_commit(lambda export=export: exports.forget(export), robust=True)
    user.addresses.all().delete()
    user.follows.all().delete()
    shop_drafts.forget(user=user)
    EmailAddress.objects.filter(user=user).delete()
    user.email = f"{user.uuid}@deleted.invalid"
    user.name, user.is_active, user.wants_news = "", False, False
    user.set_unusable_password()
    user.save()
    sessions.end_all(user)
    publish(AccountDeleted(user_id=user.pk))
