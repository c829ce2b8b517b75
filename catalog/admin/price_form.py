"""What the action "Change prices" asks."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminSelectWidget

from catalog.services.repricing import PriceChange
from marketflow.core.money_field import MoneyField


class PriceForm(forms.Form):
    way = forms.ChoiceField(
        label=_("Change"),
        choices=[("percent", _("By a percentage")), ("amount", _("To one price"))],
        widget=UnfoldAdminSelectWidget,
    )
    percent = forms.DecimalField(
        label=_("Percent"),
        required=False,
        min_value=-100,
        max_value=1000,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text=_("10 raises, -10 lowers."),
    )
    amount = MoneyField(label=_("Price"), required=False)

    def clean(self) -> dict[str, object]:
        data = super().clean()
        asked = data.get("way")
        if asked and data.get(asked) is None and asked not in self.errors:
            self.add_error(asked, _("Enter a number."))
        return data

    def change(self) -> PriceChange:
        data = self.cleaned_data
        if data["way"] == "amount":
            return PriceChange(amount_minor=data["amount"])
        return PriceChange(percent=Decimal(data["percent"]))
