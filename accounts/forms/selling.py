"""The application for a shop."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from accounts.forms.words import EMAIL_FORMAT, say
from accounts.models import Shop
from accounts.services import shops


class ShopApplicationForm(forms.ModelForm):
    accepts_terms = forms.BooleanField(
        label=_("I may sell these things, and I accept the terms for shops"),
        error_messages={"required": _("Accept the terms for shops to go on")},
    )

    PARTS = [
        (_("The shop"), ["name", "slug", "tagline", "city", "country"]),
        (_("The trader"), ["legal_name", "legal_address", "vat_number", "email"]),
        (_("Returns and terms"), ["returns_days", "returns_policy", "terms", "accepts_terms"]),
    ]

    class Meta:
        model = Shop
        fields = [
            "name",
            "slug",
            "tagline",
            "city",
            "country",
            "legal_name",
            "legal_address",
            "vat_number",
            "email",
            "returns_days",
            "returns_policy",
            "terms",
        ]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        fields = self.fields
        say(fields["name"], missing=_("Enter the name of the shop"), autocomplete="organization")
        say(
            fields["slug"],
            hint=_("The end of its address: /shops/…/. Left empty, it is made from the name."),
            autocomplete="off",
            spellcheck="false",
        )
        fields["slug"].required = False
        # Whether it is free is said when the field is left; sending decides.
        fields["slug"].widget.attrs |= {
            "hx-get": reverse("sell_slug_state"),
            "hx-trigger": "change",
            "hx-target": "#slug-state",
        }
        fields["slug"].error_messages["invalid"] = _("Use letters, numbers and hyphens only")
        fields["slug"].error_messages["unique"] = shops.AddressTaken.message
        say(fields["tagline"], hint=_("Such as “Pots and jugs from a small kiln”."))
        say(fields["country"], missing=_("Choose the country parcels come from"))
        fields["country"].choices = [("", _("Choose a country")), *countries]
        say(
            fields["legal_name"],
            missing=_("Enter the name of the trader"),
            hint=_("Your own name, or that of the company. Buyers see it."),
        )
        say(fields["legal_address"], missing=_("Enter the address of the trader"))
        say(fields["vat_number"], hint=_("If you have one."))
        say(fields["email"], missing=_("Enter the contact e-mail"), autocomplete="email")
        fields["email"].error_messages["invalid"] = EMAIL_FORMAT
        say(fields["returns_days"], missing=_("Enter how many days buyers have"))
        fields["returns_days"].error_messages["invalid"] = _("Enter a number of days")
        say(
            fields["returns_policy"],
            missing=_("Say how returns work"),
            hint=_("Who pays for sending back, and what can't be returned."),
        )
        for name in ("legal_name", "legal_address", "email", "returns_policy"):
            fields[name].required = True
        for name in ("legal_address", "returns_policy", "terms"):
            fields[name].widget.attrs["rows"] = 4

    @classmethod
    def typed(cls, data: Mapping[str, str]) -> dict[str, str]:
        """What of `data` belongs to the application, as typed. Terms are accepted when it is
        sent, not before."""
        return {name: data[name] for name in cls._meta.fields if name in data}

    def parts(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in self.PARTS]

    def clean_returns_days(self) -> int:
        days = self.cleaned_data["returns_days"]
        if days < 14:
            raise forms.ValidationError(_("Give buyers at least 14 days"))
        return days

    def clean_slug(self) -> str:
        return self.cleaned_data["slug"].lower()

    def clean(self) -> dict:
        cleaned = super().clean()
        if not cleaned.get("slug") and "slug" not in self.errors and cleaned.get("name"):
            cleaned["slug"] = slugify(cleaned["name"])
            self.instance.slug = cleaned["slug"]
        if not cleaned.get("slug") and "slug" not in self.errors and "name" not in self.errors:
            self.add_error("slug", _("Enter an address for the shop"))
        return cleaned

    def details(self) -> dict[str, object]:
        """What was filled in, by field of Shop."""
        return {name: self.cleaned_data[name] for name in self._meta.fields}
