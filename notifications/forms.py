"""What somebody wants to be told, as a table of boxes, and when."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.timezone import get_default_timezone_name
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from marketflow.core import time_zones
from notifications.kinds import Channel, Kind, Side
from notifications.models import Habits
from notifications.services import preferences


@dataclass(frozen=True)
class Box:
    """A field of the table, and what to say of it where the column's head is not heard."""

    field: forms.BoundField
    channel: Channel
    kind: Kind

    @property
    def name(self) -> str:
        return f"{self.kind.label}: {self.channel.label}"


class PreferencesForm(forms.Form):
    quiet_from = forms.TimeField(label=_("From"), required=False)
    quiet_until = forms.TimeField(label=_("Until"), required=False)
    digest_at = forms.TimeField(
        label=_("One mail a day, at"),
        required=False,
        help_text=_("In place of a mail each. What can’t be switched off still comes at once."),
    )
    time_zone = forms.ChoiceField(label=_("Your time zone"))

    def __init__(self, *args: Any, user: User, zone: str | None = None, **kwargs: Any) -> None:
        self.kinds = preferences.kinds_for(user)
        habits = preferences.habits_of(user)
        self.channels = preferences.channels_on_offer()
        super().__init__(*args, initial=_said(habits, zone), **kwargs)
        for name in ("quiet_from", "quiet_until", "digest_at"):
            self.fields[name].widget = forms.TimeInput({"type": "time"}, format="%H:%M")
        # Hundreds of them: made once.
        self.fields["time_zone"].choices = _zones()
        self._add_language()
        self.chosen = preferences.choices_of(user)
        for kind in self.kinds:
            for channel in self.channels:
                is_fixed = kind.is_fixed(channel) and channel in kind.channels
                self.fields[_name(kind, channel)] = forms.BooleanField(
                    required=False, disabled=is_fixed, initial=self.chosen[kind.name][channel]
                )

    def sides(self) -> list[tuple[str, list[tuple[Kind, list[Box]]]]]:
        """The table: sides of the market, their kinds, a box for each channel."""
        return [
            (side.label, [(kind, self._boxes(kind)) for kind in self.kinds if kind.side == side])
            for side in Side
            if any(kind.side == side for kind in self.kinds)
        ]

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        for one, other in (("quiet_from", "quiet_until"), ("quiet_until", "quiet_from")):
            if values.get(other) is not None and values.get(one, "") is None:
                self.add_error(one, ValidationError(_("Enter both hours, or neither.")))
        return values

    def choices(self) -> dict[str, dict[str, bool]]:
        """Of a channel that the page doesn't offer now: as it was chosen."""
        return {
            kind.name: self.chosen[kind.name]
            | {channel.value: self.cleaned_data[_name(kind, channel)] for channel in self.channels}
            for kind in self.kinds
        }

    def habits(self) -> Habits:
        names = ("quiet_from", "quiet_until", "digest_at", "time_zone", "language")
        return Habits(**{name: self.cleaned_data.get(name, "") for name in names})

    def _boxes(self, kind: Kind) -> list[Box]:
        return [Box(self[_name(kind, channel)], channel, kind) for channel in self.channels]

    def _add_language(self) -> None:
        if len(settings.LANGUAGES) > 1:
            self.fields["language"] = forms.ChoiceField(
                label=_("Language of your mails"), choices=settings.LANGUAGES
            )


def _said(habits: Habits, zone: str | None) -> dict[str, object]:
    """What was saved; until then the browser's zone."""
    seen = time_zones.named(zone or "")
    return {
        "quiet_from": habits.quiet_from,
        "quiet_until": habits.quiet_until,
        "digest_at": habits.digest_at,
        "time_zone": habits.time_zone or (seen.key if seen else get_default_timezone_name()),
        "language": habits.words,
    }


def _name(kind: Kind, channel: Channel) -> str:
    return f"{kind.name}.{channel.value}"


@cache
def _zones() -> list[tuple[str, str]]:
    areas = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
    names = [name for name in available_timezones() if name.partition("/")[0] in areas]
    return [(name, name.replace("_", " ")) for name in sorted([*names, "UTC"])]
