"""What a shop says about a parcel."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketflow.core.errors import Refusal
from orders.models import SellerOrder

INPUT = {"class": "mf-input"}


class ParcelSentMeanwhile(Refusal):
    code = "parcel_sent_meanwhile"
    message = _("A parcel of this order was sent meanwhile. Look at what is left.")


class ParcelFields(forms.Form):
    carrier = forms.CharField(
        label=_("Carrier"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs=INPUT | {"list": "carriers", "autocomplete": "off"}),
    )
    tracking_number = forms.CharField(
        label=_("Tracking number"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs=INPUT | {"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, part: SellerOrder, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.part = part


class ParcelForm(ParcelFields):
    """A row of the queue: everything that is left goes in one parcel."""

    without_tracking = forms.BooleanField(
        label=_("Ship without tracking"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "mf-check"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields:
            # One label for the eye stands above the column, one with the number is spoken.
            label = f"{self.fields[name].label}: {self.part.number}"
            self.fields[name].widget.attrs["aria-label"] = label

    @property
    def is_wanted(self) -> bool:
        data = self.cleaned_data
        return bool(data["tracking_number"] or data["without_tracking"])


class ShipForm(ParcelFields):
    """One parcel of perhaps several: units for each line."""

    # Parcels there were when the page was made: a double click sends one, not two.
    parcels = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parcels"].initial = self.part.shipments.count()
        self.lines = [line for line in self.part.lines.all() if line.unshipped > 0]
        for line in self.lines:
            self.fields[f"units{line.pk}"] = forms.IntegerField(
                label=str(line.title),
                min_value=0,
                max_value=line.unshipped,
                initial=line.unshipped,
                widget=forms.NumberInput(attrs=INPUT | {"class": "mf-input mf-count"}),
            )

    def rows(self) -> list[tuple[Any, forms.BoundField]]:
        return [(line, self[f"units{line.pk}"]) for line in self.lines]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        data["parcel"] = {
            "carrier": data.get("carrier", ""),
            "tracking_number": data.get("tracking_number", ""),
            "lines": {line.pk: data.get(f"units{line.pk}") or 0 for line in self.lines},
        }
        return data

    def require_unchanged(self) -> None:
        """Lock the order and compare. Raises `ParcelSentMeanwhile`."""
        SellerOrder.objects.select_for_update().get(pk=self.part.pk)
        if self.part.shipments.count() != self.cleaned_data["parcels"]:
            raise ParcelSentMeanwhile
