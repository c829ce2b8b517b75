"""What buyers type about what they bought."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from marketflow.core.forms import PlainSpeech
from orders.aftercare_forms import reason_field
from orders.models import Review


class ReviewForm(PlainSpeech, forms.Form):
    rating = forms.TypedChoiceField(
        label=_("Stars"),
        choices=[(n, ngettext_lazy("%d star", "%d stars", n) % n) for n in Review.STARS],
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how many stars it gets")},
    )
    title = forms.CharField(label=_("In a few words"), max_length=120, required=False)
    body = forms.CharField(
        label=_("Your review"),
        max_length=Review.LONGEST_BODY,
        required=False,
        help_text=_("What is good about it, what is not, and what you use it for."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class ReportForm(PlainSpeech, forms.Form):
    reason = reason_field(
        _("What is wrong with it?"),
        _("Say what is wrong with it."),
        _("Only the marketplace’s staff read this."),
    )
