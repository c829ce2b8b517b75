"""The life of a shop: applied for, opened, suspended, away."""

from __future__ import annotations

from datetime import date

from django.db import IntegrityError, transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.events import ShopApplied, ShopOpened, ShopRefused, ShopSuspended
from accounts.models import Shop, ShopMember, User
from accounts.services import audit
from marketflow.core.errors import Refusal
from marketflow.core.events import publish

State = Shop.State


class StaffCannotSell(Refusal):
    code = "staff_cannot_sell"
    message = _("Staff of the marketplace can't work for a shop.")


class ApplicationPending(Refusal):
    code = "application_pending"
    message = _("Your last application is not decided yet.")


class AddressTaken(Refusal):
    code = "slug_taken"
    message = _("Another shop has this address. Choose a different one.")


class WrongState(Refusal):
    code = "wrong_state"
    message = _("The shop has changed meanwhile. Look at it again.")


class VacationBackwards(Refusal):
    code = "vacation_backwards"
    message = _("The last day of the vacation is before its first.")


@transaction.atomic
def apply(*, user: User, **details: object) -> Shop:
    """Ask for a shop, with `user` as its owner. `details` are fields of Shop.

    Locks the person. Raises `StaffCannotSell`, `ApplicationPending`, `AddressTaken`. Publishes
    `ShopApplied`.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.is_staff or user.is_superuser:
        raise StaffCannotSell
    if user.shops.filter(state__in=[State.APPLIED, State.REFUSED]).exists():
        raise ApplicationPending
    shop = Shop(**details, state=State.APPLIED)
    try:
        with transaction.atomic():
            shop.save()
    except IntegrityError as problem:
        raise AddressTaken from problem
    ShopMember.objects.create(shop=shop, user=user, role=ShopMember.Role.OWNER)
    publish(ShopApplied(shop_id=shop.pk))
    return shop


@transaction.atomic
def apply_again(*, shop: Shop, **details: object) -> Shop:
    """Send a refused application back with changes. Raises `WrongState`, `AddressTaken`."""
    try:
        with transaction.atomic():
            _step(shop, State.REFUSED, State.APPLIED, applied_at=now(), **details)
    except IntegrityError as problem:
        raise AddressTaken from problem
    publish(ShopApplied(shop_id=shop.pk))
    return shop


@transaction.atomic
def approve(*, shop: Shop, by: User) -> Shop:
    """Open a shop that applied. Raises `WrongState`; publishes `ShopOpened`."""
    _step(shop, State.APPLIED, State.OPEN, by=by, opened_at=now(), state_reason="")
    publish(ShopOpened(shop_id=shop.pk, recipient_ids=owner_ids(shop)))
    return shop


@transaction.atomic
def refuse(*, shop: Shop, by: User, reason: str) -> Shop:
    """Send an application back with what to change. Raises `WrongState`."""
    _step(shop, State.APPLIED, State.REFUSED, by=by, state_reason=reason)
    publish(ShopRefused(shop_id=shop.pk, recipient_ids=owner_ids(shop)))
    return shop


@transaction.atomic
def suspend(*, shop: Shop, by: User | None = None, reason: str) -> Shop:
    """Stop a shop from selling. `by` is None where a command does it.

    Raises `WrongState`; publishes `ShopSuspended`.
    """
    _step(shop, State.OPEN, State.SUSPENDED, by=by, state_reason=reason)
    publish(ShopSuspended(shop_id=shop.pk, recipient_ids=owner_ids(shop)))
    return shop


@transaction.atomic
def reinstate(*, shop: Shop, by: User) -> Shop:
    """Let a suspended shop sell again. Raises `WrongState`; publishes `ShopOpened`."""
    _step(shop, State.SUSPENDED, State.OPEN, by=by, state_reason="")
    publish(ShopOpened(shop_id=shop.pk, recipient_ids=owner_ids(shop)))
    return shop


@transaction.atomic
def hold_payouts(*, shop: Shop, by: User, reason: str) -> Shop:
    """Keep the shop's money where it is; what the provider was asked for goes on.

    Raises `WrongState` where it is held already.
    """
    if not reason:
        raise ValueError("a hold has its reason")
    if not Shop.objects.filter(pk=shop.pk, payouts_held="").update(payouts_held=reason):
        raise WrongState
    shop.payouts_held = reason
    changed = {"before": {"held": False}, "after": {"held": True}}
    audit.record("hold_payouts", shop, by, reason=reason, **changed)
    return shop


@transaction.atomic
def release_payouts(*, shop: Shop, by: User) -> Shop:
    """Let the shop be paid again. Raises `WrongState` where nothing holds it."""
    if not Shop.objects.filter(pk=shop.pk).exclude(payouts_held="").update(payouts_held=""):
        raise WrongState
    shop.payouts_held = ""
    changed = {"before": {"held": True}, "after": {"held": False}}
    audit.record("release_payouts", shop, by, **changed)
    return shop


@transaction.atomic
def plan_vacation(
    *, shop: Shop, by: User, first: date | None, last: date | None = None, note: str = ""
) -> Shop:
    """Close from `first` to `last`, both included; without `last` until it is called off.

    No `first` calls a vacation off. Raises `VacationBackwards`.
    """
    if last and (first is None or last < first):
        raise VacationBackwards
    before = {"away_from": _day(shop.away_from), "away_until": _day(shop.away_until)}
    shop.away_from, shop.away_until, shop.away_note = first, last, note
    shop.save(update_fields=["away_from", "away_until", "away_note"])
    after = {"away_from": _day(first), "away_until": _day(last)}
    audit.record("plan_vacation", shop, by, before=before, after=after)
    return shop


def owner_ids(shop: Shop) -> list[int]:
    owners = shop.memberships.filter(role=ShopMember.Role.OWNER)
    return list(owners.values_list("user_id", flat=True))


def _step(
    shop: Shop, before: str, after: str, *, by: User | None = None, **changes: object
) -> None:
    # The row decides who came first, not what this process believes of it.
    if after not in Shop.TRANSITIONS[before]:
        raise ValueError(f"no shop goes from {before} to {after}")
    rows = Shop.objects.filter(pk=shop.pk, state=before)
    if not rows.update(state=after, **changes):
        raise WrongState(state=shop.state)
    shop.refresh_from_db()
    if by:
        reason = str(changes.get("state_reason", ""))
        changed = {"before": {"state": before}, "after": {"state": after}}
        audit.record(f"shop_{after}", shop, by, reason=reason, **changed)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
