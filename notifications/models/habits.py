from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext_lazy as _

from marketflow.core import time_zones
from notifications.kinds import Channel


class Preference(models.Model):
    """Somebody wants a kind on a channel, or doesn't, other than by default."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=10, choices=Channel)
    is_on = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "channel"], name="one_preference_per_channel"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.channel}: {self.is_on}"


class Habits(models.Model):
    """When somebody is best told, and in which language. Hours are of their own time zone."""

    user = models.OneToOneField(
        "accounts.User", models.CASCADE, primary_key=True, related_name="habits"
    )
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    # Both or neither: within them nothing buzzes and no mail is sent that can wait.
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    # One mail a day at this hour, in place of one each; None: each by itself.
    digest_at = models.TimeField(_("daily digest at"), null=True, blank=True)
    # Their day of the last one.
    digest_on = models.DateField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("habits")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quiet_from=None, quiet_until=None)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_begin_and_end",
            ),
        ]

    def __str__(self) -> str:
        return f"habits of {self.user_id}"

    @property
    def zone(self) -> ZoneInfo:
        return time_zones.named(self.time_zone) or get_default_timezone()

    @property
    def words(self) -> str:
        """The language to write in."""
        return self.language or settings.LANGUAGE_CODE

    def quiet_ends(self, moment: datetime) -> datetime | None:
        """When the quiet hours that hold at `moment` end; None where it is no quiet hour."""
        if self.quiet_from is None or self.quiet_from == self.quiet_until:
            return None
        there = moment.astimezone(self.zone)
        clock, over_midnight = there.time(), self.quiet_from > self.quiet_until
        if over_midnight:
            is_quiet = clock >= self.quiet_from or clock < self.quiet_until
        else:
            is_quiet = self.quiet_from <= clock < self.quiet_until
        if not is_quiet:
            return None
        day = there.date()
        if over_midnight and clock >= self.quiet_from:
            day += timedelta(days=1)
        return datetime.combine(day, self.quiet_until, self.zone)

    def quiet_begins(self, moment: datetime) -> datetime | None:
        """When quiet hours begin next after `moment`; None where there are none."""
        if self.quiet_from is None or self.quiet_from == self.quiet_until:
            return None
        there = moment.astimezone(self.zone)
        day = there.date() + timedelta(days=int(there.time() >= self.quiet_from))
        return datetime.combine(day, self.quiet_from, self.zone)
