"""Forms of somebody's own pages."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts import postcodes
from accounts.forms.words import say
from accounts.models import Address, User
from marketflow.core import rate_limits

THEMES = [("system", _("As on my device")), ("light", _("Light")), ("dark", _("Dark"))]


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["name"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        say(self.fields["name"], _("Your name"), _("Enter your name"), autocomplete="name")
        self.fields["name"].required = True


class NewsForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["wants_news"]
        labels = {"wants_news": _("Send me news of the market, about once a month")}


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(label=_("Colours"), choices=THEMES, widget=forms.RadioSelect)


class AddressForm(forms.ModelForm):
    """Any postal address; a subclass names another model that has one."""

    WORDS = {
        "name": (_("Full name"), _("Enter the full name"), "name"),
        "line1": (_("Address line 1"), _("Enter the street and number"), "address-line1"),
        "line2": (_("Address line 2"), "", "address-line2"),
        "postcode": (_("Postcode"), _("Enter the postcode"), "postal-code"),
        "city": (_("Town or city"), _("Enter the town or city"), "address-level2"),
        "region": (_("Region"), "", "address-level1"),
        "country": (_("Country"), _("Choose the country"), "country"),
        "phone": (_("Phone"), "", "tel"),
    }

    class Meta:
        model = Address
        fields = [
            "name",
            "line1",
            "line2",
            "postcode",
            "city",
            "region",
            "country",
            "phone",
            "is_default",
        ]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, missing, token) in self.WORDS.items():
            if name in self.fields:
                say(self.fields[name], label, missing, autocomplete=token)
        if "phone" in self.fields:
            self.fields["phone"].help_text = _("For the carrier, if there is a problem.")
            self.fields["phone"].widget.input_type = "tel"
        if "is_default" in self.fields:
            self.fields["is_default"].label = _("Use this address by default")
        if not self.initial.get("country"):
            self.initial["country"] = settings.MARKETPLACE_COUNTRY
        # Only so that the label says it right: the model knows the rule.
        country = str(self["country"].value() or "")
        self.fields["postcode"].required = postcodes.are_needed(country)


class DeletionForm(forms.Form):
    """`person` types their password: an open session is not enough."""

    password = forms.CharField(
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args, person: User, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        say(self.fields["password"], _("Your password"), missing=_("Enter your password"))

    def clean_password(self) -> str:
        rate_limits.count("sign_in_account", rate_limits.account_of(self.person.email))
        password = self.cleaned_data["password"]
        if not self.person.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password
