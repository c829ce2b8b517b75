"""What buyers say after the sale: what they send back, and what is wrong."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketflow.core.errors import Refusal
from marketflow.core.forms import FilesField, FilesInput
from orders.models import OrderLine, SellerOrder
from orders.services import returns


class AskedMeanwhile(Refusal):
    code = "asked_meanwhile"
    message = _("You have asked for a return meanwhile. Look at what is left.")


def reason_field(label: str, missing: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=500,
        help_text=help_text,
        error_messages={"required": missing},
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ReturnForm(forms.Form):
    """Units of each line that can still be sent back, and why."""

    reason = reason_field(_("Why do you send it back?"), _("Say why you send it back."))
    pictures = FilesField(
        label=_("Pictures"),
        required=False,
        help_text=_("Up to 5. The shop and the marketplace see them, nobody else."),
        widget=FilesInput({"accept": "image/jpeg,image/png,image/webp"}),
    )
    # Returns there were when the page was made: a double click asks once.
    asked = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, part: SellerOrder, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.part = part
        self.fields["asked"].initial = part.returns.count()
        left = returns.returnable(part)
        self.lines = [line for line in part.lines.all() if line.pk in left]
        for line in self.lines:
            field = forms.IntegerField(
                label=f"{line.title}, {line.options}" if line.options else line.title,
                help_text=_("of %(most)d") % {"most": left[line.pk]},
                min_value=0,
                max_value=left[line.pk],
                error_messages={"required": _("Say how many, or 0.")},
                initial=0,
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )
            self.fields[f"units{line.pk}"] = field

    def rows(self) -> list[tuple[OrderLine, forms.BoundField]]:
        return [(line, self[f"units{line.pk}"]) for line in self.lines]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        data["lines"] = {line.pk: data.get(f"units{line.pk}") or 0 for line in self.lines}
        if not self.errors and not any(data["lines"].values()):
            self.add_error(None, _("Say how many of which item you send back."))
        return data

    def require_unchanged(self) -> None:
        """Lock the part and compare. Raises `AskedMeanwhile`."""
        SellerOrder.objects.select_for_update().get(pk=self.part.pk)
        if self.part.returns.count() != self.cleaned_data["asked"]:
            raise AskedMeanwhile


class ComplaintForm(forms.Form):
    reason = reason_field(
        _("What is wrong?"),
        _("Say what is wrong."),
        _("The shop reads this and answers. What was agreed, what came, and what you want."),
    )
