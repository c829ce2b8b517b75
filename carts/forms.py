"""What is typed on the cart page. Stock and prices are the services' matter."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from carts.models import CartLine
from carts.services.pricing import PricedCart
from marketflow.core.forms import PlainSpeech

LONGEST_NOTE = 1000
HOW_MANY = _("Enter a number from 0 to 999")


class AddForm(forms.Form):
    variant = forms.UUIDField()
    quantity = forms.IntegerField(min_value=1, max_value=CartLine.MOST, required=False)


class ShippingForm(forms.Form):
    """How each shop sends its part. Fields bear the shop's slug."""

    def __init__(self, data, priced: PricedCart) -> None:
        super().__init__(data)
        for group in priced.groups:
            self.fields[f"shipping-{group.shop.slug}"] = forms.ChoiceField(
                choices=[(str(choice.option.uuid), "") for choice in group.options],
                required=False,
            )

    @property
    def shipping(self) -> dict[str, str]:
        """The option's uuid by the shop's slug; options that are not offered are left out."""
        return {slug: uuid for slug, uuid in self._values("shipping-").items() if uuid}

    def _values(self, prefix: str) -> dict:
        if not hasattr(self, "cleaned_data"):
            self.full_clean()
        return {
            name.removeprefix(prefix): value
            for name, value in self.cleaned_data.items()
            if name.startswith(prefix)
        }


class LinesForm(ShippingForm):
    """How many of each line, by its uuid, and a note to each shop, by its slug, as well."""

    def __init__(self, data, priced: PricedCart) -> None:
        super().__init__(data, priced)
        for line in priced.lines:
            self.fields[f"quantity-{line.line.uuid}"] = forms.IntegerField(
                min_value=0,
                max_value=CartLine.MOST,
                required=False,
                error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), HOW_MANY),
            )

        for group in priced.groups:
            self.fields[f"note-{group.shop.slug}"] = forms.CharField(
                max_length=LONGEST_NOTE, required=False
            )

    @property
    def notes(self) -> dict[str, str]:
        """By the shop's slug; of a shop whose field was not sent nothing is known."""
        notes = self._values("note-")
        return {slug: text for slug, text in notes.items() if f"note-{slug}" in self.data}

    @property
    def quantities(self) -> dict[str, int]:
        """By the line's uuid; fields that were left empty or not sent are left out."""
        return {uuid: n for uuid, n in self._values("quantity-").items() if n is not None}

    @property
    def line_errors(self) -> dict[str, str]:
        return self._wrong("quantity-")

    @property
    def note_errors(self) -> dict[str, str]:
        return self._wrong("note-")

    def _wrong(self, prefix: str) -> dict[str, str]:
        return {
            name.removeprefix(prefix): errors[0]
            for name, errors in self.errors.items()
            if name.startswith(prefix)
        }


class PlaceForm(PlainSpeech, forms.Form):
    """Where the cart would go, to see what delivery costs."""

    country = forms.ChoiceField(
        label=_("Country"),
        choices=countries,
        widget=forms.Select(attrs={"autocomplete": "shipping country"}),
    )
    postcode = forms.CharField(
        label=_("Postcode"),
        max_length=16,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "shipping postal-code"}),
    )

    @classmethod
    def of(cls, priced: PricedCart) -> PlaceForm:
        postcode = priced.cart.postcode if priced.cart else ""
        country = priced.country or settings.MARKETPLACE_COUNTRY
        return cls(initial={"country": country, "postcode": postcode})
