from __future__ import annotations

import uuid
from datetime import date

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from accounts.querysets import ShopMemberQuerySet, ShopQuerySet


class Shop(models.Model):
    """A seller, and the place where they sell. Its members act on its behalf."""

    class State(models.TextChoices):
        APPLIED = "applied", _("In review")
        REFUSED = "refused", _("Needs changes")
        OPEN = "open", _("Open")
        SUSPENDED = "suspended", _("Suspended")

    class Schedule(models.TextChoices):
        DAILY = "daily", _("Every day")
        WEEKLY = "weekly", _("Every Monday")
        MONTHLY = "monthly", _("On the first of the month")
        MANUAL = "manual", _("When the shop asks for it")

    # Read by services.shops, which takes every step.
    TRANSITIONS = {
        State.APPLIED: {State.OPEN, State.REFUSED},
        State.REFUSED: {State.APPLIED},
        State.OPEN: {State.SUSPENDED},
        State.SUSPENDED: {State.OPEN},
    }

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("shop name"), max_length=80)
    slug = models.SlugField(_("address in the market"), max_length=90, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.APPLIED)
    state_reason = models.CharField(_("reason"), max_length=500, blank=True)

    tagline = models.CharField(_("one line about the shop"), max_length=140, blank=True)
    about = models.TextField(_("about the shop"), blank=True)
    city = models.CharField(_("town"), max_length=80, blank=True)
    country = CountryField(_("ships from"))
    email = models.EmailField(_("contact e-mail"), blank=True)
    legal_name = models.CharField(_("name of the trader"), max_length=140, blank=True)
    legal_address = models.TextField(_("address of the trader"), blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=24, blank=True)
    terms = models.TextField(_("terms"), blank=True)
    returns_policy = models.TextField(_("returns policy"), blank=True)
    returns_days = models.PositiveSmallIntegerField(_("days to return"), default=30)

    # Closed from the first day to the last, both included. A planned one closes nothing yet.
    away_from = models.DateField(_("away from"), null=True, blank=True)
    away_until = models.DateField(_("away until"), null=True, blank=True)
    away_note = models.CharField(_("note to buyers"), max_length=200, blank=True)

    low_stock_at = models.PositiveSmallIntegerField(
        _("tell us when so few units are left"), default=3, db_default=3
    )
    payout_schedule = models.CharField(
        _("payouts"), max_length=10, choices=Schedule, default=Schedule.WEEKLY
    )
    payout_minimum_minor = models.PositiveBigIntegerField(_("smallest payout"), default=0)
    # Why staff hold the money back; blank where nobody does.
    payouts_held = models.CharField(_("payouts held"), max_length=500, blank=True, editable=False)

    applied_at = models.DateTimeField(_("applied"), default=now, editable=False)
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True, editable=False)

    members = models.ManyToManyField(
        "accounts.User", through="ShopMember", related_name="member_of"
    )

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name = _("shop")
        verbose_name_plural = _("shops")
        ordering = ["name", "pk"]
        indexes = [models.Index(fields=["state", "name"], name="shop_listing")]
        constraints = [
            models.CheckConstraint(
                condition=Q(away_from=None)
                | Q(away_until=None)
                | Q(away_until__gte=F("away_from")),
                name="vacation_ends_after_it_begins",
                violation_error_message=_("The last day of the vacation is before its first."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop", args=[self.slug])

    def clean(self) -> None:
        if self.away_until and not self.away_from:
            raise ValidationError({"away_from": _("Enter the first day of the vacation.")})

    def is_away(self, day: date | None = None) -> bool:
        """Whether the shop is on vacation on `day`, today by default."""
        day = day or localdate()
        began = self.away_from is not None and self.away_from <= day
        return began and (self.away_until is None or day <= self.away_until)

    @property
    def is_trading(self) -> bool:
        """Whether anything can be bought here today."""
        return self.state == self.State.OPEN and not self.is_away()


class ShopMember(models.Model):
    """Somebody's seat in a shop, and what it lets them do."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        MANAGER = "manager", _("Manager")
        FULFILMENT = "fulfilment", _("Fulfilment")
        SUPPORT = "support", _("Support")

    DUTIES = {
        "settings": {Role.OWNER},
        "money": {Role.OWNER, Role.MANAGER},
        "catalogue": {Role.OWNER, Role.MANAGER},
        "stock": {Role.OWNER, Role.MANAGER, Role.FULFILMENT},
        "ship": {Role.OWNER, Role.MANAGER, Role.FULFILMENT},
        "refund": {Role.OWNER, Role.MANAGER},
        "orders": {Role.OWNER, Role.MANAGER, Role.FULFILMENT, Role.SUPPORT},
        "reviews": {Role.OWNER, Role.MANAGER, Role.SUPPORT},
        "keys": {Role.OWNER, Role.MANAGER},
        # Programs that are told of orders: with the addresses in them.
        "webhooks": {Role.OWNER, Role.MANAGER},
    }

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="memberships")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MANAGER)
    joined_at = models.DateTimeField(_("joined"), default=now, editable=False)

    objects = ShopMemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        ordering = ["shop", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "user"], name="one_seat_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"

    def clean(self) -> None:
        # Nobody who sells is staff (invariant I17).
        if self.user_id and (self.user.is_staff or self.user.is_superuser):
            raise ValidationError(_("Staff of the marketplace can't work for a shop."))

    def may(self, duty: str) -> bool:
        return self.role in self.DUTIES[duty]
