from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from chat.models import Message
from marketflow.core.forms import FilesField, FilesInput, PlainSpeech
from marketflow.core.money_field import MoneyField
from marketflow.core.plain_text import plain_text
from orders.models import SellerOrder
from orders.services import returns


def words(label: str, *, required: bool = True, rows: int = 2) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=500, required=required, widget=forms.Textarea({"rows": rows})
    )


class SpeechField(forms.CharField):
    """What a message says. It is as long as what is kept of it, and no browser cuts it short: what
    is too long comes back as it was typed."""

    def __init__(self, **kwargs: Any) -> None:
        too_long = _(
            "Shorten it: a message has at most %(limit_value)d characters, "
            "and this has %(show_value)d."
        )
        super().__init__(
            label=_("Message"),
            strip=False,
            max_length=Message.LONGEST,
            error_messages={"max_length": too_long},
            **kwargs,
        )

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        attrs = super().widget_attrs(widget)
        return {name: value for name, value in attrs.items() if name != "maxlength"}

    def run_validators(self, value: str) -> None:
        super().run_validators(plain_text(value))


class MessageForm(PlainSpeech, forms.Form):
    """What is said, with its files. The hidden id makes a form sent twice one message."""

    client_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    # Files alone are a message too: the browser must not insist on words.
    use_required_attribute = False
    body = SpeechField(widget=forms.Textarea({"rows": 3}))
    files = FilesField(
        label=_("Pictures or PDF"),
        required=False,
        help_text=_("Up to 5 files of 8 MB. The shop and you see them, nobody else."),
        widget=FilesInput({"accept": "image/jpeg,image/png,image/webp,application/pdf"}),
    )
    product = forms.CharField(widget=forms.HiddenInput, required=False, max_length=220)
    order = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"client_id": uuid4()} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        if self.is_bound and self.files:
            self.fields["body"].required = False


class EditForm(PlainSpeech, forms.Form):
    body = SpeechField(widget=forms.Textarea({"rows": 4}))


class ReportForm(PlainSpeech, forms.Form):
    reason = words(_("What is wrong?"), rows=4)


class OfferForm(PlainSpeech, forms.Form):
    """Money that a shop offers back."""

    prefix = "offer"
    amount = MoneyField(label=_("Amount"), widget=forms.TextInput)
    reason = words(_("Reason"))


class ParcelForm(PlainSpeech, forms.Form):
    prefix = "parcel"
    carrier = forms.CharField(label=_("Carrier"), max_length=60)
    tracking_number = forms.CharField(label=_("Tracking number"), max_length=60, required=False)


class CancelForm(PlainSpeech, forms.Form):
    prefix = "cancel"
    reason = words(_("Reason"), required=False)


class ReturnForm(PlainSpeech, forms.Form):
    """Units of each line that the buyer sends back, and why."""

    prefix = "return"
    reason = words(_("Reason"))

    def __init__(self, *args: Any, part: SellerOrder, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        left = returns.returnable(part)
        self.units = {f"units{line.pk}": line for line in part.lines.all() if line.pk in left}
        for name, line in self.units.items():
            self.fields[name] = forms.IntegerField(
                label=line.title,
                min_value=0,
                max_value=left[line.pk],
                required=False,
                initial=0,
                help_text=_("Up to %(n)d") % {"n": left[line.pk]},
            )

    def lines(self) -> dict[int, int]:
        return {line.pk: self.cleaned_data.get(name) or 0 for name, line in self.units.items()}
