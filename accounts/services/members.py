"""Who works for a shop, and as what. An owner always remains; staff never join."""

from __future__ import annotations

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import Shop, ShopInvitation, ShopMember, User
from accounts.services import audit
from accounts.services.shops import StaffCannotSell
from accounts.tasks import mail_invitation
from marketflow.core import realtime
from marketflow.core.errors import Refusal

Role = ShopMember.Role


class AlreadyMember(Refusal):
    code = "already_member"
    message = _("This person works for the shop already.")


class LastOwner(Refusal):
    code = "last_owner"
    message = _("A shop needs an owner. Make somebody else an owner first.")


class InvitationGone(Refusal):
    code = "invitation_gone"
    message = _("This invitation is no longer open.")


@transaction.atomic
def invite(*, shop: Shop, email: str, role: str, by: User) -> ShopInvitation:
    """Ask whoever owns `email` to join; asking again renews the invitation.

    Known, unknown and staff's addresses get the same answer and the same mail.
    """
    invitation, _created = ShopInvitation.objects.update_or_create(
        shop=shop,
        email=User.objects.normalize_email(email),
        defaults={"role": role, "invited_by": by, "invited_at": now()},
    )
    audit.record("invite", shop, by, before={}, after={"role": role})
    transaction.on_commit(lambda: mail_invitation.delay(invitation.pk), robust=True)
    return invitation


@transaction.atomic
def accept(*, invitation: ShopInvitation, user: User) -> ShopMember:
    """Join. Raises `InvitationGone`, `StaffCannotSell`, `AlreadyMember`."""
    mine = ShopInvitation.objects.visible_to(user).filter(pk=invitation.pk)
    taken, _rows = mine.delete()
    if not taken:
        raise InvitationGone
    return add_member(shop=invitation.shop, user=user, role=invitation.role, by=user)


@transaction.atomic
def add_member(*, shop: Shop, user: User, role: str, by: User) -> ShopMember:
    """Give `user` a seat. Locks the person. Raises `StaffCannotSell`, `AlreadyMember`."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.is_staff or user.is_superuser:
        raise StaffCannotSell
    member, is_new = ShopMember.objects.get_or_create(
        shop=shop, user=user, defaults={"role": role}
    )
    if not is_new:
        raise AlreadyMember
    audit.record("add_member", shop, by, before={}, after=_facts(member))
    return member


@transaction.atomic
def change_role(*, member: ShopMember, role: str, by: User) -> ShopMember:
    """Give a member another role. Locks the shop. Raises `LastOwner`."""
    before = _locked(member)
    if role != Role.OWNER:
        _keep_an_owner(member)
    member.role = role
    member.save(update_fields=["role"])
    audit.record("change_role", member.shop, by, before=before, after=_facts(member))
    realtime.recheck(member.user_id)
    return member


@transaction.atomic
def remove_member(*, member: ShopMember, by: User) -> None:
    """Take somebody's seat away. Locks the shop. Raises `LastOwner`."""
    before = _locked(member)
    _keep_an_owner(member)
    member.delete()
    audit.record("remove_member", member.shop, by, before=before, after={})
    realtime.recheck(member.user_id)


def _locked(member: ShopMember) -> dict[str, str]:
    # Two owners who leave at the same moment take turns here.
    Shop.objects.select_for_update().get(pk=member.shop_id)
    member.refresh_from_db(fields=["role"])
    return _facts(member)


def _keep_an_owner(member: ShopMember) -> None:
    others = ShopMember.objects.filter(shop=member.shop_id, role=Role.OWNER)
    if not others.exclude(pk=member.pk).exists():
        raise LastOwner


def _facts(member: ShopMember) -> dict[str, str]:
    return {"user": str(member.user.uuid), "role": member.role}
