"""What a shop says when it does not send something, gives money back, or has goods back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketflow.core.errors import Refusal
from marketflow.core.money_field import MoneyField
from orders.models import OrderLine, Return, SellerOrder
from orders.services.returns import Arrived
from orders.services.shares import Wanted

INPUT = {"class": "mf-input"}
COUNT = {"class": "mf-input mf-count"}


class RefundedMeanwhile(Refusal):
    code = "refunded_meanwhile"
    message = _("Something of this order was refunded meanwhile. Look at what is left.")


def words(label: str, *, required: bool = True, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=500,
        required=required,
        help_text=help_text,
        widget=forms.Textarea(attrs=INPUT | {"rows": 2}),
    )


def count(label: str, most: int, initial: int = 0) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=0,
        max_value=most,
        required=False,
        initial=initial,
        widget=forms.NumberInput(attrs=COUNT),
    )


class CancelForm(forms.Form):
    """Units of each line that the shop does not send, and why."""

    prefix = "cancel"
    reason = words(_("Reason"), help_text=_("The buyer reads this."))

    def __init__(self, *args: Any, part: SellerOrder, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = [line for line in part.lines.all() if line.unshipped > 0]
        for line in self.lines:
            self.fields[f"units{line.pk}"] = count(line.title, line.unshipped)

    def rows(self) -> list[tuple[OrderLine, forms.BoundField, int]]:
        return [(line, self[f"units{line.pk}"], line.unshipped) for line in self.lines]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        data["lines"] = {line.pk: data.get(f"units{line.pk}") or 0 for line in self.lines}
        return data


class RefundForm(forms.Form):
    """Units at what was paid for them, an amount beside them, and the delivery."""

    prefix = "refund"
    reason = words(_("Reason"), help_text=_("The buyer reads this."))
    # Refunds there were when the page was made: a double click gives back once.
    refunds = forms.IntegerField(widget=forms.HiddenInput)
    # The sum that the calculation showed, in minor units. Without it nothing is given back.
    agreed = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, part: SellerOrder, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.part = part
        self.fields["refunds"].initial = part.refunds.count()
        self.lines = [line for line in part.lines.all() if line.refundable.amount > 0]
        for line in self.lines:
            self.fields[f"units{line.pk}"] = count(line.title, line.unrefunded)
            amount = self._amount(_("Amount for %(title)s") % {"title": line.title})
            # The units before it bear the visible label.
            amount.widget.attrs["aria-label"] = amount.label
            self.fields[f"amount{line.pk}"] = amount
        if part.shipping_left.amount:
            self.fields["delivery"] = self._amount(_("Delivery"))

    def rows(self) -> list[tuple[OrderLine, forms.BoundField, forms.BoundField]]:
        return [(line, self[f"units{line.pk}"], self[f"amount{line.pk}"]) for line in self.lines]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        data["lines"] = {
            line.pk: Wanted(
                units=data.get(f"units{line.pk}") or 0, amount_minor=data.get(f"amount{line.pk}")
            )
            for line in self.lines
        }
        data["shipping_minor"] = data.get("delivery") or 0
        return data

    def require_unchanged(self) -> None:
        """Lock the part and compare. Raises `RefundedMeanwhile`."""
        SellerOrder.objects.select_for_update().get(pk=self.part.pk)
        if self.part.refunds.count() != self.cleaned_data["refunds"]:
            raise RefundedMeanwhile

    def _amount(self, label: str) -> MoneyField:
        widget = forms.TextInput(attrs={"class": "mf-input mf-count"})
        currency = self.part.order.currency
        return MoneyField(label=label, currency=currency, required=False, widget=widget)


class AnswerForm(forms.Form):
    """What the shop says to a return: how to send it, or why not."""

    answer = words(
        _("Answer"),
        required=False,
        help_text=_("How to send it back, or why not. The buyer reads this."),
    )


class ReceiptForm(forms.Form):
    """What arrived of a return, and whether it can be sold again."""

    delivery = forms.BooleanField(
        label=_("Refund the delivery too"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "mf-check"}),
    )

    def __init__(self, *args: Any, parcel: Return, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.returned = list(parcel.lines.all())
        for row in self.returned:
            title = row.line.title
            self.fields[f"units{row.line_id}"] = count(title, row.quantity, row.quantity)
            self.fields[f"restock{row.line_id}"] = forms.BooleanField(
                label=_("%(title)s can be sold again") % {"title": title},
                required=False,
                initial=True,
                widget=forms.CheckboxInput(attrs={"class": "mf-check"}),
            )

    def rows(self) -> list[tuple[Any, forms.BoundField, forms.BoundField]]:
        return [
            (row, self[f"units{row.line_id}"], self[f"restock{row.line_id}"])
            for row in self.returned
        ]

    def arrived(self) -> dict[int, Arrived]:
        data = self.cleaned_data
        return {
            row.line_id: Arrived(
                units=data[f"units{row.line_id}"] or 0, restock=data[f"restock{row.line_id}"]
            )
            for row in self.returned
        }


class StatementForm(forms.Form):
    """What the shop says to a dispute."""

    answer = forms.CharField(
        label=_("Answer"),
        max_length=5000,
        help_text=_("The buyer and the marketplace read this. It is said once."),
        widget=forms.Textarea(attrs=INPUT | {"rows": 5}),
    )
